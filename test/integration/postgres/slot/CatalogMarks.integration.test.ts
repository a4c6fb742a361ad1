/** The catalog's rows of a real server. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { printName } from "../../../../src/core/slot/text/PrintedName.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import { a, type CatalogWorld, catalogContract, sendsPassingName } from "../../../contract/catalogContract.ts"
import { TestPostgres } from "../../../support/postgres/postgres.ts"
import { slotLayers } from "../../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../../support/postgres/sourceAddress.ts"

const setup = `CREATE SCHEMA loja; CREATE TABLE loja.a (id serial PRIMARY KEY, v text);
  CREATE TABLE loja.b (id serial PRIMARY KEY, v text)`

const withWorld = Effect.fnUntraced(function* <E>(
  program: (world: CatalogWorld, sql: (text: string) => Effect.Effect<unknown>) => Effect.Effect<void, E>,
  encoding?: string,
) {
  const { name, sql, superuserUrl } = yield* (yield* TestPostgres).database(setup, encoding)
  const run = (text: string) => Effect.orDie(sql(text))
  const opened = Effect.gen(function* () {
    const service = yield* ReplicationSlot
    yield* service.create
    const world: CatalogWorld = {
      visit: yield* (yield* ChangeSource).visit,
      rename: (from, to) => run(`ALTER TABLE loja.${printName(from)} RENAME TO ${printName(to)}`),
      renameSchema: (from, to) => run(`ALTER SCHEMA ${from} RENAME TO ${to}`),
      addColumn: (table, column) => run(`ALTER TABLE loja.${table} ADD COLUMN ${column} text`),
      insert: (table) => run(`INSERT INTO loja.${printName(table)} (v) VALUES ('x')`),
    }
    yield* program(world, run)
  })
  yield* opened.pipe(
    Effect.provide(slotLayers(sourceAddress(superuserUrl), `catalog_${name}`)),
    Effect.scoped,
  )
})

layer(TestPostgres.shared, { excludeTestServices: true })("the catalog of a server", (it) => {
  for (const [behaviour, program] of catalogContract)
    it.effect(behaviour, () => withWorld((world) => program(world)))

  it.effect("keeps its rows through VACUUM, ANALYZE and what freezes them", () =>
    withWorld((world, sql) =>
      Effect.gen(function* () {
        const look = Effect.orDie(world.visit.relations({ tables: [a], oids: [] }))
        const rows = Effect.map(look, ([found]) => [found?.mark.table, found?.mark.schema])
        yield* world.insert("a")
        const before = yield* rows
        yield* sql("VACUUM (FREEZE, ANALYZE) loja.a")
        yield* sql("VACUUM FREEZE pg_type")
        yield* sql("VACUUM FREEZE pg_namespace")
        assert.deepStrictEqual(yield* rows, before)
        yield* sql("VACUUM FULL pg_type")
        yield* sql("VACUUM FULL pg_namespace")
        assert.deepStrictEqual(yield* rows, before)
      }),
    ),
  )

  for (const [what, statement] of [
    ["is emptied", "TRUNCATE loja.a"],
    ["is granted", "GRANT SELECT ON loja.a TO PUBLIC"],
    ["gets an index", "CREATE INDEX ON loja.a (v)"],
    ["gets another type of a column", "ALTER TABLE loja.a ALTER v TYPE varchar(9)"],
    ["is written anew", "VACUUM FULL loja.a"],
  ] as const)
    it.effect(`keeps its rows where the table ${what}`, () =>
      withWorld((world, sql) =>
        Effect.gen(function* () {
          const look = Effect.orDie(world.visit.relations({ tables: [a], oids: [] }))
          const rows = Effect.map(look, ([found]) => [found?.mark.table, found?.mark.schema])
          const before = yield* rows
          yield* sql(statement)
          assert.deepStrictEqual(yield* rows, before)
        }),
      ),
    )

  it.effect("has another row where the table goes to another schema and back", () =>
    withWorld((world, sql) =>
      Effect.gen(function* () {
        const look = Effect.orDie(world.visit.relations({ tables: [a], oids: [] }))
        const row = Effect.map(look, ([found]) => found?.mark.table)
        const before = yield* row
        yield* sql(
          "CREATE SCHEMA away; ALTER TABLE loja.a SET SCHEMA away; ALTER TABLE away.a SET SCHEMA loja",
        )
        assert.notStrictEqual(yield* row, before)
      }),
    ),
  )

  it.effect("sends the lines in a database of another encoding, and passes by its messages", () =>
    withWorld(
      (world, sql) =>
        Effect.gen(function* () {
          yield* sql("SELECT pg_logical_emit_message(false, 'p', '\\x00fffe'::bytea)")
          yield* sendsPassingName(world)
        }),
      "LATIN1",
    ),
  )
})
