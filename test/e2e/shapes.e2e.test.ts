/** Tables and databases of unusual shape, as `full` and `cdc` carry them. Random ones are in `test/oracle`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { openPipeline, type Pipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"

/** Each statement is a transaction of its own; then all of it is carried. */
const carry = Effect.fn("carry")(function* (pipeline: Pipeline, changes: ReadonlyArray<string>) {
  yield* pipeline.createSlot
  for (const change of changes) yield* pipeline.sql(change)
  const { code, stderr } = yield* pipeline.run("cdc", "--once")
  assert.strictEqual(code, 0, stderr)
  return yield* pipeline.lake.allRecords("inc/")
})

const simple = {
  setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
  tables: "public.t",
}

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("inc", (it) => {
  it.effect("passes by messages whose bytes are no text in the database's encoding", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ ...simple, encoding: "LATIN1" })
      const rows = yield* carry(pipeline, [
        "SELECT pg_logical_emit_message(false, 'p', 'ação')",
        `BEGIN; SELECT pg_logical_emit_message(true, 'ç', '\\x00ff'::bytea); INSERT INTO public.t VALUES (1, 'ação'); COMMIT`,
      ])
      assert.deepStrictEqual(
        rows.map((row) => [row["_seq"], row["v"]]),
        [["1", "ação"]],
      )
    }),
  )
})
