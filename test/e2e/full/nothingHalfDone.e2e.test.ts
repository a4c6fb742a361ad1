/** Where one of several tables cannot be copied or followed, nothing is written for the others, and all such are reported. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"

/** `first` is well; each of the others fails in its own way, and some only when they are read. */
const setup = `
  CREATE TABLE public.first (id integer PRIMARY KEY);
  INSERT INTO public.first VALUES (1);
  CREATE TABLE public.hidden (id integer PRIMARY KEY);
  CREATE MATERIALIZED VIEW public.closed AS SELECT 1 AS id;
  CREATE TABLE public.secret (id integer PRIMARY KEY);
  ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY;
  CREATE SEQUENCE public.counter;
  CREATE INDEX ordered ON public.first (id);
  CREATE TYPE public.colour AS ENUM ('red');`

const names = ["first", "hidden", "closed", "secret", "missing", "counter", "ordered", "colour"]

const openShop = Effect.gen(function* () {
  const tables = names.map((name) => `public.${name}`).join(",")
  const pipeline = yield* openPipeline({ setup, tables })
  const { sql, database } = pipeline
  yield* sql(`REVOKE ALL ON public.hidden, public.closed FROM ${database.role}`)
  yield* pipeline.createSlot
  yield* sql("INSERT INTO public.first VALUES (2)")
  return pipeline
})

/** Without the quotes around names, and the log's backslashes before them. */
const unquoted = (text: string): string => text.replace(/[\\"]/g, "")

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("one of several tables", (it) => {
  it.effect("that cannot be copied keeps full from writing any, and all such are reported", () =>
    Effect.gen(function* () {
      const { run, lake } = yield* openShop
      const { code, stderr } = yield* run("full")
      assert.strictEqual(code, 2, stderr)
      assert.deepStrictEqual(yield* lake.keys, [])
      for (const words of [
        /table public\.hidden: permission denied/,
        /table public\.closed: permission denied/,
        /table public\.secret: query would be affected by row-level security/,
        /table public\.missing: it does not exist/,
        /table public\.counter: it is a sequence, which has no rows/,
        /table public\.ordered: it is an index, which has no rows/,
        /table public\.colour: it is a type, which has no rows/,
      ]) {
        assert.match(unquoted(stderr), words)
      }
      assert.notMatch(unquoted(stderr), /table public\.first/)
    }),
  )

  it.effect("that cannot be followed keeps cdc from writing any, and all such are reported", () =>
    Effect.gen(function* () {
      const { run, lake } = yield* openShop
      const { code, stderr } = yield* run("cdc", "--once")
      assert.strictEqual(code, 2, stderr)
      assert.deepStrictEqual(yield* lake.keys, [])
      for (const words of [
        /closed: it is a view/,
        /missing: it does not exist/,
        /counter: it is a sequence/,
      ]) {
        assert.match(unquoted(stderr), words)
      }
    }),
  )
})
