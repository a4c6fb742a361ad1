/** How much memory `cdc` takes for large rows, read where Linux tells it. What each kind costs is in docs/values.md. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { tellsPeak, watched } from "../../support/program/peakMemory.ts"
import { openPipeline } from "../../support/program/pipeline.ts"

/** Lines of 200 MB. Other systems do not tell a peak in this way. */
const large: ReadonlyArray<readonly [string, string]> = tellsPeak
  ? [
      ["a text", "INSERT INTO public.t VALUES (1, repeat('x', 200000000), NULL, NULL)"],
      [
        "a text of which every character is doubled",
        `INSERT INTO public.t VALUES (1, repeat('"', 200000000), NULL, NULL)`,
      ],
      [
        "bits",
        "INSERT INTO public.t VALUES (1, NULL, repeat('1', 100000000)::varbit, repeat('0', 100000000)::varbit)",
      ],
      [
        "an update and a delete under REPLICA IDENTITY FULL",
        `ALTER TABLE public.t REPLICA IDENTITY FULL;
         INSERT INTO public.t VALUES (1, repeat('\\x''', 25000000), NULL, NULL);
         UPDATE public.t SET id = 2 WHERE id = 1; DELETE FROM public.t WHERE id = 2`,
      ],
    ]
  : []

/** The program takes 95 MB for a small row, and some 30 MB for windows. The rest is for what is collected late. */
const mostBytes = 200_000_000

layer(TestPostgres.shared, { excludeTestServices: true })(
  "cdc takes hardly more memory for long rows than for short ones",
  (it) => {
    for (const [what, sql] of large) {
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
          yield* pipeline.sql(sql)
          const { code, stderr } = yield* pipeline.run("cdc", "--once")
          assert.strictEqual(code, 0, stderr)
          assert.isBelow(yield* peak, mostBytes)
        }),
      )
    }
  },
)
