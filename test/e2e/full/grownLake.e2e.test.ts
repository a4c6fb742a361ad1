/** A lake that was begun with one table gets more, in folders of their own. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const setup = `CREATE TABLE public.t (id integer PRIMARY KEY, v text); INSERT INTO public.t VALUES (1, 'a');
  CREATE TABLE public.u (id integer PRIMARY KEY, v text); INSERT INTO public.u VALUES (1, 'b')`

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("a lake of one table", (it) => {
  it.effect("gets a second one in a folder of its own, and both equal their tables", () =>
    Effect.gen(function* () {
      const { run, lake, sql, environment, createSlot } = yield* openPipeline({ setup, tables: "public.t" })
      yield* createSlot
      yield* run("full")
      yield* sql("INSERT INTO public.t VALUES (2, 'c')")
      yield* run("cdc", "--once")
      const both = (...args: ReadonlyArray<string>) =>
        runProgram(args, { ...environment, SOURCE_TABLES: "public.t,public.u" })
      yield* both("cdc", "--once")
      yield* both("full", "--tables", "public.u")
      yield* sql("UPDATE public.t SET v = 'd'; UPDATE public.u SET v = 'e'")
      const { code, stderr } = yield* both("cdc", "--once")
      assert.strictEqual(code, 0, stderr)

      const folders = (yield* lake.keys)
        .filter((key) => key.endsWith(".csv"))
        .map((key) => key.replace(/\/date=.*/, ""))
      assert.deepStrictEqual([...new Set(folders)].toSorted(), ["full", "full/u", "inc", "inc/u"])
      const { code: verified, stdout } = yield* both("verify")
      assert.strictEqual(verified, 0, stdout)
    }),
  )
})
