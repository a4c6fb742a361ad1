/** Columns that come, go and get other names and types after the `full`, and what `verify` and the lake make of it. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type PipelineOptions } from "../../support/program/pipeline.ts"

const setup = `
  CREATE TABLE public.pessoa (id integer PRIMARY KEY, nome text, fone varchar(20), saldo integer);
  INSERT INTO public.pessoa SELECT n, 'nome ' || n, NULL, n FROM generate_series(1, 5) n;
  CREATE TABLE public.ponto (x integer, y integer);
  ALTER TABLE public.ponto REPLICA IDENTITY FULL;
  INSERT INTO public.ponto VALUES (1, 2), (1, 2), (3, 4)`

const opened = Effect.fnUntraced(function* (options: Partial<PipelineOptions> = {}) {
  const pipeline = yield* openPipeline({ setup, tables: "public.pessoa,public.ponto", ...options })
  const well = (...args: ReadonlyArray<string>) =>
    Effect.map(pipeline.run(...args), ({ code, stdout, stderr }) => {
      assert.strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`)
      return stdout + stderr
    })
  const schemas = Effect.map(pipeline.lake.keys, (keys) => keys.filter((key) => key.includes("/_schema_")))
  yield* well("init")
  yield* well("full")
  return { ...pipeline, well, schemas }
})

layer(TestPostgres.shared, { excludeTestServices: true })("The schema history", (it) => {
  it.effect(
    "lets verify find no difference after columns were added with a default, renamed, and dropped and added again",
    () =>
      Effect.gen(function* () {
        const { sql, well, lake, schemas } = yield* opened()
        yield* sql("INSERT INTO public.pessoa VALUES (6, 'nome 6'); INSERT INTO public.ponto VALUES (5, 6)")
        yield* well("cdc", "--once")
        assert.strictEqual((yield* schemas).length, 2)
        // Rows that were changed before, after and never.
        yield* sql("UPDATE public.pessoa SET nome = 'antes' WHERE id = 1")
        yield* sql(
          `ALTER TABLE public.pessoa ADD cidade text NOT NULL DEFAULT 'São Paulo, "SP"', ADD ativo boolean DEFAULT true`,
        )
        yield* sql("ALTER TABLE public.ponto ADD z integer DEFAULT 9")
        assert.match(yield* well("verify"), /equal/)
        yield* sql(
          "UPDATE public.pessoa SET saldo = 70 WHERE id = 2; UPDATE public.pessoa SET ativo = NULL WHERE id = 3",
        )
        yield* sql("DELETE FROM public.ponto WHERE x = 3; INSERT INTO public.ponto VALUES (7, 8, NULL)")
        const log = yield* well("cdc", "--once")
        assert.include(log, "changed: + cidade, + ativo")
        assert.notInclude(log, "Paulo")
        assert.match(yield* well("verify"), /equal/)
        yield* sql("ALTER TABLE public.pessoa RENAME nome TO nome_completo")
        yield* sql("ALTER TABLE public.ponto RENAME y TO altura")
        yield* sql("UPDATE public.pessoa SET nome_completo = 'depois' WHERE id = 4")
        yield* sql(
          "UPDATE public.ponto SET altura = 3 WHERE ctid = (SELECT min(ctid) FROM public.ponto WHERE x = 1)",
        )
        assert.match(yield* well("verify"), /equal/)
        assert.include(yield* well("cdc", "--once"), "renamed nome -> nome_completo")
        yield* sql(
          "ALTER TABLE public.pessoa DROP fone; ALTER TABLE public.pessoa ADD fone varchar(20) DEFAULT 'novo'",
        )
        yield* sql("UPDATE public.pessoa SET fone = '1' WHERE id = 5")
        yield* well("cdc", "--once")
        assert.match(yield* well("verify"), /equal/)
        const newest = (yield* schemas).filter((key) => key.includes("_pessoa_")).at(-1) ?? ""
        const { columns } = JSON.parse(yield* lake.text(newest))
        assert.deepStrictEqual(columns.at(-1), {
          name: "fone",
          type: "character varying(20)",
          nullable: true,
          attnum: 7,
          missing: "novo",
        })
        assert.match(yield* well("full"), /table written/)
        assert.match(yield* well("verify"), /equal/)
      }),
    120_000,
  )

  for (const [what, ...statements] of [
    [
      "a column is renamed",
      "INSERT INTO t VALUES (2, 'b')",
      "ALTER TABLE t RENAME v TO w",
      "INSERT INTO t VALUES (3, 'c')",
    ],
    [
      "a column is added, and another renamed",
      "ALTER TABLE t ADD x text DEFAULT 'k'",
      "INSERT INTO t VALUES (2, 'b', 'x')",
      "ALTER TABLE t RENAME v TO w",
      "INSERT INTO t VALUES (3, 'c', 'y')",
    ],
    [
      "a column is added, and renamed",
      "ALTER TABLE t ADD x text DEFAULT 'k'",
      "INSERT INTO t VALUES (2, 'b', 'x')",
      "ALTER TABLE t RENAME x TO y",
      "INSERT INTO t VALUES (3, 'c', 'y')",
    ],
    [
      "a column is dropped, and added again under its name",
      "INSERT INTO t VALUES (2, 'b')",
      "ALTER TABLE t DROP v, ADD v text DEFAULT 'n'",
    ],
    [
      "two columns exchange their names",
      "ALTER TABLE t ADD x text",
      "INSERT INTO t VALUES (2, 'b', 'x')",
      "ALTER TABLE t RENAME v TO w",
      "ALTER TABLE t RENAME x TO v",
      "ALTER TABLE t RENAME w TO x",
      "UPDATE t SET v = 'z' WHERE id = 1",
    ],
  ] as const)
    it.effect(
      `lets verify find no difference where ${what} while rows wait in the slot`,
      () =>
        Effect.gen(function* () {
          const { sql, run, well } = yield* openPipeline({
            setup: "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')",
            tables: "public.t",
          }).pipe(
            Effect.map((pipeline) => ({
              ...pipeline,
              well: (...args: ReadonlyArray<string>) =>
                Effect.map(pipeline.run(...args), ({ code, stdout, stderr }) =>
                  assert.strictEqual(code, 0, `${args.join(" ")}: ${stdout}${stderr}`),
                ),
            })),
          )
          yield* well("init")
          yield* well("full")
          yield* well("cdc", "--once")
          for (const statement of statements) yield* sql(statement)
          yield* well("cdc", "--once")
          const { code, stdout } = yield* run("verify")
          assert.strictEqual(code, 0, stdout)
        }),
      120_000,
    )

  it.effect(
    "is written once, and a rewritten table needs a full",
    () =>
      Effect.gen(function* () {
        const { sql, run, well, schemas } = yield* opened()
        yield* sql("INSERT INTO public.pessoa VALUES (6, 'nome 6')")
        yield* well("cdc", "--once")
        yield* sql("INSERT INTO public.pessoa VALUES (7, 'nome 7'); ANALYZE public.pessoa")
        yield* sql("VACUUM FULL public.pessoa")
        yield* well("cdc", "--once")
        assert.strictEqual((yield* schemas).length, 1)
        yield* sql("ALTER TABLE public.pessoa ALTER saldo TYPE bigint USING saldo * 100")
        yield* sql("INSERT INTO public.pessoa VALUES (8, 'nome 8')")
        assert.include(yield* well("cdc", "--once"), "its rows were written anew")
        assert.include(yield* well("status"), "needs full")
        const { code, stdout } = yield* run("verify")
        assert.strictEqual(code, 4)
        assert.include(stdout, "rewritten")
        yield* well("full")
        assert.match(yield* well("verify"), /equal/)
      }),
    120_000,
  )

  it.effect(
    "keeps no value of a masked column",
    () =>
      Effect.gen(function* () {
        const { sql, well, lake } = yield* opened({
          settings: {
            COLUMNS_HASH: "public.pessoa.email",
            COLUMNS_EXCLUDE: "public.pessoa.cpf",
            COLUMNS_HASH_KEY: "0123456789abcdef",
          },
        })
        yield* well("cdc", "--once")
        yield* sql(
          "ALTER TABLE public.pessoa ADD email text DEFAULT 'segredo', ADD cpf text DEFAULT 'segredo'",
        )
        yield* sql("INSERT INTO public.pessoa (id) VALUES (6)")
        yield* well("cdc", "--once")
        assert.match(yield* well("verify"), /equal/)
        yield* well("full")
        for (const key of yield* lake.keys) assert.notInclude(yield* lake.text(key), "segredo")
      }),
    120_000,
  )
})
