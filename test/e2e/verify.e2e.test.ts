import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { openPipeline, type Pipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"

/** A table in the lake: copied when it had three rows, and changed since. */
const shop = Effect.fn("shop")(function* (setup?: string) {
  const pipeline = yield* openPipeline({
    setup:
      setup ??
      `CREATE TABLE public.t (id integer PRIMARY KEY, v text, w text);
       INSERT INTO public.t VALUES (1, 'a', NULL), (2, '', 'x'), (3, 'c', 'y')`,
    tables: "public.t",
  })
  yield* pipeline.createSlot
  yield* pipeline.run("full")
  return pipeline
})

const told = ({ run }: Pipeline) =>
  Effect.map(run("verify"), ({ code, stdout, stderr }) => ({
    code,
    said: stdout.split("\n").filter((line) => line.startsWith("t  ")),
    stderr,
    stdout,
  }))

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("verify", (it) => {
  it.effect("finds a lake equal whose changes are all in inc", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql(
        "INSERT INTO public.t VALUES (4, 'd', NULL); UPDATE public.t SET v = NULL WHERE id = 2; DELETE FROM public.t WHERE id = 1",
      )
      yield* pipeline.run("cdc", "--once")
      const { code, stdout, stderr } = yield* told(pipeline)
      assert.strictEqual(code, 0, stdout + stderr)
    }),
  )
})
