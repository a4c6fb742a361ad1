/** Masks that stay where tables, partitions and columns get other names. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const setup = `
  CREATE SCHEMA vendas;
  CREATE TABLE vendas.pedido (id integer, mes integer, cpf text, PRIMARY KEY (id, mes)) PARTITION BY LIST (mes);
  CREATE TABLE vendas.pedido_01 PARTITION OF vendas.pedido FOR VALUES IN (1);
  CREATE TABLE vendas.pedido_02 PARTITION OF vendas.pedido FOR VALUES IN (2);
  CREATE TABLE vendas.conta (id integer PRIMARY KEY, cpf text);
  CREATE TABLE vendas.pessoa (id integer PRIMARY KEY, nome text, cpf text)`

/** Rows of all tables, each under its name of now. */
const rows = (id: number, pedido: string, conta: string) => `
  INSERT INTO vendas.${pedido} VALUES (${id}, 1, 'segredo-${id}');
  INSERT INTO vendas.pedido VALUES (${id}, 2, 'segredo-${id}');
  INSERT INTO vendas.${conta} VALUES (${id}, 'segredo-${id}');
  INSERT INTO vendas.pessoa VALUES (${id}, 'nome-${id}', 'segredo-${id}')`

layer(TestPostgres.shared, { excludeTestServices: true })("A mask", (it) => {
  it.effect(
    "stays where a partition is detached, and a table and a column are renamed, and verify finds the rest equal",
    () =>
      Effect.gen(function* () {
        const { sql, lake, environment } = yield* openPipeline({
          setup,
          tables: "vendas.*",
          settings: {
            COLUMNS_HASH: "vendas.pedido.cpf,vendas.conta.cpf",
            COLUMNS_EXCLUDE: "vendas.pessoa.cpf",
            COLUMNS_HASH_KEY: "chave",
          },
        })
        const run = (...args: ReadonlyArray<string>) =>
          Effect.map(runProgram(args, environment), ({ code, stdout, stderr }) => ({
            code,
            told: stdout + stderr,
          }))
        for (const command of [["init"], ["full"], ["cdc", "--once"]])
          assert.strictEqual((yield* run(...command)).code, 0)
        yield* sql(rows(1, "pedido", "conta"))
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        yield* sql("ALTER TABLE vendas.pedido DETACH PARTITION vendas.pedido_01")
        yield* sql("ALTER TABLE vendas.conta RENAME TO conta_velha")
        yield* sql("ALTER TABLE vendas.pessoa RENAME cpf TO doc")
        const told: Array<string> = []
        for (const id of [2, 3, 4]) {
          yield* sql(rows(id, "pedido_01", "conta_velha"))
          const { code, told: text } = yield* run("cdc", "--once")
          assert.strictEqual(code, 0, text)
          told.push(text)
        }
        assert.include(told.join(), "vendas.pedido_01.cpf in COLUMNS_HASH")
        assert.include(told.join(), "vendas.conta_velha.cpf in COLUMNS_HASH")
        assert.include(told.join(), "vendas.pessoa.doc in COLUMNS_EXCLUDE or COLUMNS_HASH")
        assert.strictEqual((yield* run("full")).code, 2)
        const copied = yield* run("full", "--tables", "vendas.pe*o*a,vendas.pedido")
        assert.strictEqual(copied.code, 0, copied.told)
        const compared = yield* run("verify")
        assert.strictEqual(compared.code, 0, compared.told)
        for (const key of yield* lake.keys) assert.notInclude(yield* lake.text(key), "segredo")
      }),
    120_000,
  )
})
