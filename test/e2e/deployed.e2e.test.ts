/** What the Dockerfile copies out of a built project is the whole program but `demo`. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../support/lakeFolder.ts"
import { openPipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"
import type { Environment } from "../support/program.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Of its last stage: from the built project into the folder where the program runs. */
const copied = readFileSync(join(root, "Dockerfile"), "utf8")
  .split(/^FROM /m)
  .slice(-1)
  .flatMap((stage) => [...stage.matchAll(/^COPY (?:--from=build \/app\/)?(\S+) (\S+)$/gm)])
  .map(([, from = "", to = ""]) => [from, to] as const)

const run = (folder: string, args: ReadonlyArray<string>, environment: Environment) =>
  Effect.callback<{ readonly code: number | null; readonly told: string }>((resume) => {
    const child = spawn(process.execPath, ["dist/main.js", ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let told = ""
    for (const output of [child.stdout, child.stderr]) {
      output.on("data", (bytes) => {
        told += bytes
      })
    }
    child.on("close", (code) => resume(Effect.succeed({ code, told })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

layer(TestPostgres.layer(), { excludeTestServices: true })("the deployed program", (it) => {
  it.effect("can do init, full, cdc, status, verify and drop-slot", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      for (const [from, to] of copied) {
        const target = to === "./" ? join(folder, from) : join(folder, to)
        yield* Effect.promise(() => cp(join(root, from), target, { recursive: true }))
      }
      const { environment, sql } = yield* openPipeline({
        setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
        tables: "public.t=t",
      })
      const ended: Array<readonly [string, number | null, string]> = []
      for (const command of [
        ["init"],
        ["full"],
        ["cdc", "--once"],
        ["status"],
        ["verify"],
        ["drop-slot", "--yes"],
      ]) {
        yield* sql("INSERT INTO public.t SELECT count(*) FROM public.t")
        const { code, told } = yield* run(folder, command, environment)
        ended.push([command.join(" "), code, code === 0 ? "" : told])
      }
      assert.deepStrictEqual(
        ended.filter(([, code]) => code !== 0),
        [],
      )
      assert.lengthOf(ended, 6)
    }),
  )
})
