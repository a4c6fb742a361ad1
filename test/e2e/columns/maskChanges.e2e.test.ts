/** Settings of columns that change over one lake, and a key that takes in an excluded column while `cdc` runs. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { type Environment, runProgram } from "../../support/program/program.ts"

const setup = `
  CREATE TABLE public.pessoa (id integer PRIMARY KEY, cpf text NOT NULL, email text);
  INSERT INTO public.pessoa VALUES (1, 'segredo-1', 'segredo@um')`
const masks = { COLUMNS_EXCLUDE: "*.cpf", COLUMNS_HASH: "public.pessoa.email", COLUMNS_HASH_KEY: "chave" }

layer(TestPostgres.shared, { excludeTestServices: true })("A mask", (it) => {
  it.effect(
    "that is set over an unmasked lake needs a full, and then lake and table are equal and no new object has a value",
    () =>
      Effect.gen(function* () {
        const { sql, lake, environment } = yield* openPipeline({ setup, tables: "public.pessoa" })
        const run = Effect.fnUntraced(function* (settings: Environment, ...args: ReadonlyArray<string>) {
          const { code, stdout, stderr } = yield* runProgram(args, { ...environment, ...settings })
          return { code, told: stdout + stderr }
        })
        const well = (settings: Environment, ...args: ReadonlyArray<string>) =>
          Effect.map(run(settings, ...args), ({ code, told }) => {
            assert.strictEqual(code, 0, `${args.join(" ")}: ${told}`)
            return told
          })
        yield* well({}, "init")
        yield* well({}, "full")
        yield* sql("INSERT INTO public.pessoa VALUES (2, 'segredo-2', NULL)")
        yield* well({}, "cdc", "--once")
        const before = yield* lake.keys
        // Written before the mask is set, read after it.
        yield* sql("INSERT INTO public.pessoa VALUES (3, 'segredo-3', 'segredo@três')")
        assert.include(yield* well(masks, "cdc", "--once"), "The settings of columns")
        assert.include(yield* well(masks, "status"), "needs full")
        const refused = yield* run(masks, "verify")
        assert.strictEqual(refused.code, 4)
        assert.include(refused.told, "needs full (masked")
        yield* sql("UPDATE public.pessoa SET email = 'segredo@novo' WHERE id = 1")
        yield* well(masks, "full")
        yield* well(masks, "cdc", "--once")
        assert.match(yield* well(masks, "verify"), /equal/)
        const added = (yield* lake.keys).filter((key) => !before.includes(key))
        assert.isAbove(added.length, 3)
        for (const key of added) assert.notInclude(yield* lake.text(key), "segredo")
        assert.match(yield* well(masks, "doctor"), /3 objects of "pessoa" may keep values/)
      }),
    120_000,
  )

  it.effect(
    "ends cdc with 2 where an excluded column has become part of the key, before a row after that",
    () =>
      Effect.gen(function* () {
        const { sql, start, lake, createSlot } = yield* openPipeline({
          setup,
          tables: "public.pessoa",
          settings: masks,
        })
        yield* createSlot
        const cdc = yield* start("cdc")
        yield* sql("INSERT INTO public.pessoa VALUES (2, 'segredo-2', NULL)")
        yield* cdc.brings(
          "the first object",
          Effect.map(lake.objects("inc/"), (objects) => objects.length > 0),
        )
        const before = yield* lake.objects("inc/")
        yield* sql(`BEGIN; ALTER TABLE public.pessoa DROP CONSTRAINT pessoa_pkey, ADD PRIMARY KEY (id, cpf);
          INSERT INTO public.pessoa VALUES (3, 'segredo-3', NULL); COMMIT`)
        const { code, stderr } = yield* cdc.outcome
        assert.strictEqual(code, 2, stderr)
        assert.include(stderr, 'COLUMNS_EXCLUDE names \\"cpf\\", which belongs to its key')
        assert.notInclude(stderr, "segredo")
        assert.deepStrictEqual(yield* lake.objects("inc/"), before)
      }),
    60_000,
  )
})
