/** The disk below the log is full: the work goes on, and no stack trace comes of it. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { open } from "node:fs/promises"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { type Environment, main } from "../../support/program/program.ts"

/** A device that takes no byte, as a full disk: Linux has it. */
const fullDevices = ["/dev/full"].filter((path) => existsSync(path))

/** Runs the program with its log there. Returns the exit code. */
const runWithLog = (args: ReadonlyArray<string>, environment: Environment, log: string) =>
  Effect.promise(async () => {
    const file = await open(log, "w")
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...environment, PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "ignore", file.fd],
    })
    return new Promise<number | null>((resolve) => child.once("close", resolve)).finally(() => file.close())
  })

layer(TestPostgres.shared, { excludeTestServices: true })("a log on a full disk", (it) => {
  for (const device of fullDevices) {
    it.effect(`${device} keeps neither full nor cdc from their work`, () =>
      Effect.gen(function* () {
        const setup = "CREATE TABLE public.a (id integer PRIMARY KEY)"
        const { sql, environment, lake, createSlot } = yield* openPipeline({ setup, tables: "public.a" })
        yield* createSlot
        yield* sql("INSERT INTO public.a VALUES (1)")
        assert.strictEqual(yield* runWithLog(["full"], environment, device), 0)
        assert.strictEqual(yield* runWithLog(["cdc", "--once"], environment, device), 0)
        assert.strictEqual((yield* lake.allRecords("full/")).length, 1)
        assert.strictEqual((yield* lake.allRecords("inc/")).length, 1)
      }),
    )
  }
})
