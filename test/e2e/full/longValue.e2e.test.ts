/** One value of many megabytes, whole in memory on the side that compares. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { carry, copied, texts } from "../../support/program/carried.ts"
import { openPipeline } from "../../support/program/pipeline.ts"

layer(TestPostgres.shared, { excludeTestServices: true })("full and inc", (it) => {
  it.effect("hold a value of 50 MB that is full of quotes and line ends", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
        tables: "public.t",
      })
      const piece = 'ção, "x"\n'
      const count = Math.ceil(50_000_000 / Buffer.byteLength(piece))
      yield* carry(pipeline, [`INSERT INTO public.t SELECT 1, repeat('${piece}', ${count})`])
      const [inc = ""] = yield* texts(pipeline, "inc/")
      const [full = ""] = yield* copied(pipeline)
      const field = `"${piece.replaceAll('"', '""').repeat(count)}"`
      const read = yield* pipeline.lake.allRecords("")
      // Not shown where they differ: it would be a page of 50 MB.
      assert.deepStrictEqual(
        [
          inc.endsWith(`,,,1,${field}\n`),
          full === `id,v\n1,${field}\n`,
          ...read.map(({ v }) => v === piece.repeat(count)),
        ],
        [true, true, true, true],
      )
    }),
  )
})
