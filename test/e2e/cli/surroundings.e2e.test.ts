/** What stands around the program: the folder in which it starts, and whoever reads what it says. */
import { spawn } from "node:child_process"
import { mkdir, readdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { main, runProgram } from "../../support/program/program.ts"

/** Runs a command whose stdout nobody reads any more after its first words; tells how it ended and what it logged. */
const withoutReader = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) =>
  Effect.callback<{ readonly code: number | null; readonly stderr: string }>((resume) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let stderr = ""
    child.stdout.once("data", () => child.stdout.destroy())
    child.stderr.on("data", (bytes) => {
      stderr += bytes
    })
    child.on("close", (code) => resume(Effect.succeed({ code, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("the program", (it) => {
  it.effect("says that .env cannot be read where it is a folder", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.promise(() => mkdir(join(folder, ".env")))
      const { code, stderr } = yield* runProgram(["status"], {}, folder)
      assert.strictEqual(code, 2)
      assert.match(stderr, /\.env: it cannot be read \(EISDIR/)
    }),
  )

  it.effect("stops, and leaves no file behind, where nobody reads what verify tells", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup:
          "CREATE TABLE public.t (id integer PRIMARY KEY, v text); INSERT INTO public.t SELECT n, n FROM generate_series(1, 5000) AS n",
        tables: "public.t=t",
      })
      yield* pipeline.createSlot
      yield* pipeline.run("full")
      // Taken from the log unread: each row is a difference, told on a line of its own.
      yield* pipeline.sql("UPDATE public.t SET v = v || '!'")
      yield* pipeline.sql("SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())", [pipeline.slot])
      const room = yield* temporaryFolder
      const { code, stderr } = yield* withoutReader(["verify"], { ...pipeline.environment, TMPDIR: room })
      assert.notMatch(stderr, /EPIPE|\n\s+at /)
      assert.strictEqual(code, 130, stderr)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(room)), [])
    }),
  )
})
