/** `query/role.sql`: enough for every command that works on a source, and for nothing else. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { openSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { passwordSql, roleSql, tablesSql } from "../../support/postgres/role.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

/** Two tables to read, in schemas of which one has an odd name, and one to leave alone. */
const setup = `
  CREATE SCHEMA db_loja; CREATE SCHEMA "Minha ""loja""";
  CREATE TABLE db_loja.cliente (id integer PRIMARY KEY, v text);
  CREATE TABLE db_loja.salario (id integer PRIMARY KEY, v text);
  CREATE TABLE "Minha ""loja"""."Cliente, velho" (id integer PRIMARY KEY, v text);
  INSERT INTO db_loja.cliente VALUES (1, 'a'); INSERT INTO "Minha ""loja"""."Cliente, velho" VALUES (1, 'b')`
const granted = {
  schemas: `db_loja, "Minha ""loja"""`,
  tables: `db_loja.cliente, "Minha ""loja"""."Cliente, velho"`,
}
const sourceTables = `db_loja.cliente=clientes,"Minha ""loja"""."Cliente, velho"=velhos`

/** A pipeline whose program works as a role with an odd name, made by the file alone. */
const openShop = Effect.gen(function* () {
  const pipeline = yield* openPipeline({ setup, tables: sourceTables })
  const { database, sql } = pipeline
  const role = `leitor "só" de ${database.name}`
  yield* Effect.acquireRelease(sql(roleSql(role, database.name)), () =>
    Effect.ignore(
      sql(`DROP OWNED BY "${role.replaceAll('"', '""')}"; DROP ROLE "${role.replaceAll('"', '""')}"`),
    ),
  )
  yield* sql(passwordSql(role, "secret"))
  yield* sql(tablesSql(role, granted.schemas, granted.tables))
  const url = new URL(database.url)
  url.username = encodeURIComponent(role)
  url.password = "secret"
  const environment = { ...pipeline.environment, DATABASE_URL: url.href }
  return {
    ...pipeline,
    role,
    environment,
    run: (...args: ReadonlyArray<string>) => runProgram(args, environment),
    asRole: yield* openSession(url.href),
  }
})

const insufficientPrivilege = "42501"
const forbidden = [
  "INSERT INTO db_loja.cliente VALUES (2, 'x')",
  "UPDATE db_loja.cliente SET v = 'x'",
  "DELETE FROM db_loja.cliente",
  "TRUNCATE db_loja.cliente",
  "ALTER TABLE db_loja.cliente REPLICA IDENTITY FULL",
  "SELECT FROM db_loja.salario",
  "CREATE TABLE db_loja.nova ()",
  "CREATE TABLE public.nova ()",
  "CREATE SCHEMA nova",
  "CREATE PUBLICATION nova",
  "CREATE ROLE nova",
  "SELECT pg_read_file('PG_VERSION')",
]

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("the role", (it) => {
  it.effect("has what every command needs of the source", () =>
    Effect.gen(function* () {
      const { run, sql, lake } = yield* openShop
      const codes = [(yield* run("init")).code, (yield* run("full")).code]
      yield* sql("UPDATE db_loja.cliente SET v = 'c'")
      for (const args of [["cdc", "--once"], ["doctor"], ["status"], ["verify"], ["drop-slot", "--yes"]]) {
        const { code, stdout, stderr } = yield* run(...args)
        assert.strictEqual(code, 0, args.join(" ") + stdout + stderr)
      }
      assert.deepStrictEqual([codes, (yield* lake.objects("")).length], [[0, 0], 3])
    }),
  )

  it.effect("cannot write, create, or read what it was not given", () =>
    Effect.gen(function* () {
      const { asRole } = yield* openShop
      const told = yield* Effect.forEach(forbidden, (statement) =>
        Effect.match(asRole.sql(statement), {
          onFailure: ({ code }) => `${code} ${statement}`,
          onSuccess: () => `done ${statement}`,
        }),
      )
      assert.deepStrictEqual(
        told,
        forbidden.map((statement) => `${insufficientPrivilege} ${statement}`),
      )
    }),
  )

  it.effect("can be told of a table that came later, by the same file", () =>
    Effect.gen(function* () {
      const { role, database, sql, asRole } = yield* openShop
      yield* sql(roleSql(role, database.name))
      yield* sql(tablesSql(role, "db_loja", "db_loja.salario"))
      assert.deepStrictEqual(yield* asRole.sql("SELECT FROM db_loja.salario"), [])
    }),
  )

  it.effect("that all tests of the program use is no more: no superuser, and nothing that it may write", () =>
    Effect.gen(function* () {
      const { database, sql } = yield* openPipeline({ setup, tables: sourceTables })
      const [attributes] = yield* sql(
        `SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolcanlogin,
                (SELECT count(*) FROM pg_auth_members WHERE member = pg_roles.oid) AS memberships
           FROM pg_roles WHERE rolname = $1`,
        [database.role],
      )
      const own = yield* openSession(database.url)
      const [writing] = yield* own.sql(
        `SELECT count(*) FROM pg_class WHERE relkind = 'r' AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            AND relnamespace <> 'pg_catalog'::regnamespace`,
      )
      assert.deepStrictEqual(
        [attributes, writing],
        [
          {
            rolsuper: "f",
            rolcreaterole: "f",
            rolcreatedb: "f",
            rolbypassrls: "f",
            rolreplication: "t",
            rolcanlogin: "t",
            memberships: "0",
          },
          { count: "0" },
        ],
      )
    }),
  )
})
