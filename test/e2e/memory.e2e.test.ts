/** How much memory `cdc` takes for large rows, read where Linux tells it. What each kind costs is in docs/values.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../support/lakeFolder.ts"
import { openPipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"

const status = "/proc/self/status"

/** Settings that let the program tell its peak when it ends, and what it told. In bytes. */
const watched = Effect.map(temporaryFolder, (folder) => {
  const [script, told] = [join(folder, "tell.cjs"), join(folder, "status")]
  writeFileSync(
    script,
    `const { readFileSync, writeFileSync } = require("node:fs")
     process.on("exit", () => writeFileSync(${JSON.stringify(told)}, readFileSync("${status}")))`,
  )
  const peak = Effect.sync(
    () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(told, "utf8"))?.[1] ?? Number.NaN) * 1024,
  )
  return { settings: { NODE_OPTIONS: `--require ${script}` }, peak }
})

/** Rows of 200 MB as they are printed. Other systems do not tell a peak in this way. */
const large: ReadonlyArray<readonly [string, string]> = existsSync(status)
  ? [
      ["a text", "repeat('x', 200000000), NULL, NULL"],
      ["a text of which every character is doubled", `repeat('"', 200000000), NULL, NULL`],
      ["bits", "NULL, repeat('1', 100000000)::varbit, repeat('0', 100000000)::varbit"],
    ]
  : []

/** The program takes 95 MB for a small row, and the line lies in memory once. The rest is for what is collected late. */
const mostBytes = 450_000_000

layer(TestPostgres.layer(), { excludeTestServices: true })(
  "cdc takes memory for the line and little more",
  (it) => {
    for (const [what, values] of large) {
      it.effect(`${what}, after a small row of the same table`, () =>
        Effect.gen(function* () {
          const { settings, peak } = yield* watched
          const pipeline = yield* openPipeline({
            setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text, a varbit, b varbit)",
            tables: "public.t",
            settings,
          })
          yield* pipeline.createSlot
          yield* pipeline.sql("INSERT INTO public.t VALUES (0, 'x', '1', '0')")
          yield* pipeline.sql(`INSERT INTO public.t VALUES (1, ${values})`)
          const { code, stderr } = yield* pipeline.run("cdc", "--once")
          assert.strictEqual(code, 0, stderr)
          assert.isBelow(yield* peak, mostBytes)
        }),
      )
    }
  },
)
