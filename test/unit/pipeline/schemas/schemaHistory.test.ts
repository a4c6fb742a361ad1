import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { parseSchemaKey, watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import * as TableSchema from "../../../../src/core/lake/TableSchema.ts"
import { logLine } from "../../../../src/observe/LogLine.ts"
import type { PipelineEvent } from "../../../../src/observe/PipelineEvent.ts"
import { PipelineEvents } from "../../../../src/observe/PipelineEvents.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { SourceTables } from "../../../../src/services/source/SourceTables.ts"
import {
  ana,
  bia,
  cdcOnce,
  cliente,
  ended,
  incKeys,
  lakeKeys,
  put,
  shop,
  textOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const email = { name: "email", type: "text", nullable: true, missing: "none" }

const schemaKeys = Effect.map(lakeKeys, (keys) => keys.filter((key) => Option.isSome(parseSchemaKey(key))))
const schemas = Effect.flatMap(schemaKeys, (keys) =>
  Effect.forEach(keys, (key) =>
    Effect.map(textOf(key), (text) => Result.getOrThrow(TableSchema.parse(text))),
  ),
)
const names = ({ columns }: TableSchema.TableSchema) => columns.map(({ name }) => name).join()

/** Inserts a row, and writes it to the lake. */
const follow = (id: number, more: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const server = yield* MemoryPostgres
    const clientes = yield* server.table(cliente.table)
    yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}`, ...more }))
    yield* ended(cdcOnce)
  })

/** The log lines of changed columns. */
const listening = Effect.sync(() => {
  const events: Array<PipelineEvent> = []
  const lines = () =>
    events.flatMap((event) => (event._tag === "ColumnsChanged" ? [logLine(event)?.message] : []))
  const layer = Layer.succeed(PipelineEvents, {
    publish: (event) => Effect.sync(() => void events.push(event)),
  })
  return { lines, layer }
})

describe("the schema history", () => {
  it.effect("begins beside the first object, and says what the catalog says of its columns", () =>
    Effect.gen(function* () {
      yield* shop
      yield* follow(1)
      const [object = ""] = yield* incKeys
      assert.deepStrictEqual(yield* schemaKeys, [
        object.replace("/cdc_", "/_schema_clientes_").replace(".csv", ".json"),
      ])
      const [schema] = yield* schemas
      const lsn = /\n\w,([0-9A-F/]+),/.exec(yield* textOf(object))?.[1]
      assert.deepStrictEqual(schema, {
        dataset: "clientes",
        table: '"db_loja"."cliente"',
        lsn: lsn ?? "",
        columns: cliente.columns.map((column, i) => ({ ...column, attnum: i + 1 })),
        primary_key: ["id"],
        replica_identity: "default",
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect(
    "gets no second schema for the same columns, and asks the catalog no more, restarts included",
    () =>
      Effect.gen(function* () {
        yield* shop
        yield* follow(1)
        const before = yield* lakeKeys
        yield* follow(2)
        yield* follow(3)
        assert.deepStrictEqual((yield* schemaKeys).length, 1)
        assert.strictEqual((yield* lakeKeys).length, before.length + 2)
      }).pipe(Effect.provide(world())),
  )

  it.effect("describes the table once for many objects of the same columns", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      let described = 0
      const tables = yield* SourceTables
      const counting = SourceTables.of({
        ...tables,
        describe: (table) =>
          Effect.andThen(
            Effect.sync(() => described++),
            tables.describe(table),
          ),
      })
      const insert = (id: number) => server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}` }))
      yield* insert(1)
      yield* Effect.provideService(ended(cdcOnce), SourceTables, counting)
      const first = described
      yield* insert(2)
      yield* Effect.provideService(ended(cdcOnce), SourceTables, counting)
      // The start checks the table; the first object of a process compares it with the schema.
      assert.isAtMost(described - first, first)
    }).pipe(Effect.provide(world())),
  )

  it.effect("follows an added, a renamed and a dropped column, and reports each without values", () =>
    Effect.gen(function* () {
      const { clientes } = yield* shop
      const { lines, layer } = yield* listening
      yield* Effect.gen(function* () {
        yield* follow(1)
        clientes.addColumn(email)
        yield* follow(2)
        clientes.renameColumn("nome", "nome_completo")
        yield* follow(3)
        clientes.dropColumn("ativo")
        yield* follow(4)
      }).pipe(Effect.provide(layer))
      const found = yield* schemas
      assert.deepStrictEqual(found.map(names), [
        "id,nome,ativo",
        "id,nome,ativo,email",
        "id,nome_completo,ativo,email",
        "id,nome_completo,email",
      ])
      assert.deepStrictEqual(
        found.at(-1)?.columns.map(({ attnum, missing }) => [attnum, missing]),
        [
          [1, undefined],
          [2, undefined],
          [4, "none"],
        ],
      )
      const table = '"db_loja"."cliente"'
      assert.deepStrictEqual(lines(), [
        `cdc: columns of ${table} changed: + email`,
        `cdc: columns of ${table} changed: renamed nome -> nome_completo`,
        `cdc: columns of ${table} changed: - ativo`,
      ])
    }).pipe(Effect.provide(world())),
  )

  it.effect("stands beside the next object if a type or a column's number changes, not its name", () =>
    Effect.gen(function* () {
      const { clientes } = yield* shop
      const { lines, layer } = yield* listening
      yield* Effect.gen(function* () {
        yield* follow(1)
        clientes.alterType("nome", "text")
        yield* follow(2)
        clientes.dropColumn("ativo")
        clientes.addColumn({ name: "ativo", type: "boolean", nullable: false })
        yield* follow(3)
      }).pipe(Effect.provide(layer))
      const found = yield* schemas
      assert.deepStrictEqual(
        found.map(({ columns }) => columns.map(({ type, attnum }) => `${attnum} ${type}`).slice(1)),
        [
          ["2 character varying(80)", "3 boolean"],
          ["2 text", "3 boolean"],
          ["2 text", "4 boolean"],
        ],
      )
      assert.deepStrictEqual(lines().slice(0, 1), [
        'cdc: columns of "db_loja"."cliente" changed: nome character varying(80) -> text',
      ])
    }).pipe(Effect.provide(world())),
  )

  it.effect("keeps each set of columns apart inside one batch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* follow(1)
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "2" }))
      clientes.addColumn(email)
      yield* server.transact((tx) => tx.insert(clientes, { ...bia, id: "3" }))
      yield* ended(cdcOnce)
      assert.deepStrictEqual((yield* schemas).map(names), ["id,nome,ativo", "id,nome,ativo,email"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("has the number of a column that was dropped since, and null for what the catalog forgot", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      clientes.dropColumn("nome")
      yield* ended(cdcOnce)
      const [first] = yield* schemas
      assert.deepStrictEqual(first?.columns[1], { name: "nome", type: null, nullable: null, attnum: 2 })
    }).pipe(Effect.provide(world())),
  )

  it.effect("says null where rows from before and after a DROP and ADD of one name are in one object", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* follow(1)
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "2" }))
      clientes.dropColumn("ativo")
      clientes.addColumn({ name: "ativo", type: "boolean", nullable: true })
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
      yield* ended(cdcOnce)
      const numbers = Effect.map(schemas, (all) => all.at(-1)?.columns.map(({ attnum }) => attnum))
      assert.deepStrictEqual(yield* numbers, [1, 2, null])
      yield* follow(4)
      assert.deepStrictEqual(yield* numbers, [1, 2, 4])
    }).pipe(Effect.provide(world())),
  )

  it.effect("follows a rename while rows wait where another column is excluded", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* follow(1)
      clientes.addColumn(email)
      clientes.addColumn({ ...email, name: "fax" })
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "2", email: "a" }))
      clientes.renameColumn("nome", "nome_completo")
      yield* follow(3)
      assert.deepStrictEqual(
        (yield* schemas).map(({ columns }) => columns.map(({ name, attnum }) => `${attnum} ${name}`).join()),
        ["1 id,2 nome,3 ativo", "1 id,2 nome,3 ativo,4 email", "1 id,2 nome_completo,3 ativo,4 email"],
      )
    }).pipe(Effect.provide(world({ COLUMNS_EXCLUDE: "db_loja.cliente.fax" }))),
  )

  it.effect("gets the schema of the newest object at a take-over, if a crash came before it", () =>
    Effect.gen(function* () {
      yield* shop
      yield* follow(1)
      const admin = yield* StoreAdmin
      const [schema = ""] = yield* schemaKeys
      const before = yield* textOf(schema)
      yield* admin.remove(schema)
      // As after a crash: the watermark does not know the schema.
      const lines = (yield* watermarkLines).filter((line) => !line.startsWith("schema."))
      yield* put(watermarkKey, `${lines.join("\n")}\n`)
      yield* ended(cdcOnce)
      assert.strictEqual(yield* textOf(schema), before)
    }).pipe(Effect.provide(world())),
  )

  it.effect("accepts a schema that an attempt before has written", () =>
    Effect.gen(function* () {
      yield* shop
      yield* follow(1)
      const lines = (yield* watermarkLines).filter((line) => !line.startsWith("schema."))
      yield* put(watermarkKey, `${lines.join("\n")}\n`)
      const before = yield* lakeKeys
      yield* ended(cdcOnce)
      assert.deepStrictEqual(yield* lakeKeys, before)
      yield* follow(2)
      assert.deepStrictEqual((yield* schemaKeys).length, 1)
      assert.isTrue((yield* watermarkLines).some((line) => line.startsWith("schema.clientes=inc/")))
    }).pipe(Effect.provide(world())),
  )

  it.effect("hashes the kept value of a hashed column, and has none of an excluded one", () =>
    Effect.gen(function* () {
      const { clientes } = yield* shop
      clientes.addColumn(email)
      clientes.addColumn({ ...email, name: "fax", missing: "secret" })
      yield* follow(1)
      const [schema] = yield* schemas
      assert.strictEqual(schema && names(schema), "id,nome,ativo,email")
      const column = schema?.columns.find(({ name }) => name === "email")
      assert.deepInclude(column, { type: "text", attnum: 4 })
      assert.match(column?.missing ?? "", /^[0-9a-f]{64}$/)
      assert.deepStrictEqual(schema?.hashed, ["email"])
      const store = yield* ObjectStore
      assert.isDefined(store)
      assert.notInclude(yield* textOf((yield* schemaKeys)[0] ?? ""), "secret")
    }).pipe(
      Effect.provide(
        world({
          COLUMNS_HASH: "db_loja.cliente.email",
          COLUMNS_EXCLUDE: "db_loja.cliente.fax",
          COLUMNS_HASH_KEY: "0123456789abcdef0123456789abcdef",
        }),
      ),
    ),
  )
})
