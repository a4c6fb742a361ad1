/** COLUMNS_EXCLUDE and COLUMNS_HASH in a pipeline whose source and lake are in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { TableDefinition } from "../../../../layers/memory/postgres/MemoryTable.ts"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import { full, fullInto } from "../../../../src/Pipeline.ts"
import { SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { peopleTable, textColumn } from "../../../support/memory/columns/people.ts"
import {
  cdcOnce,
  ended,
  exitCode,
  failureOf,
  incKeys,
  lakeKeys,
  order,
  pedido,
  settings,
  slotName,
  textOf,
  textsOf,
  twoTables,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"
import { hashKey, hashOf } from "../../../support/slot/projectedChange.ts"

const pessoa = peopleTable("cpf", "email", "foto", "cidade")
const watched: TableDefinition = { ...pessoa, replicaIdentity: "full" }

const rules = {
  COLUMNS_EXCLUDE: "*.cpf, db_loja.cliente.f*",
  COLUMNS_HASH: "db_loja.cliente.email",
  COLUMNS_HASH_KEY: hashKey,
}
const foto = "segredo-foto".repeat(300)
const ana = { id: "1", cpf: "segredo-123", email: "segredo@exemplo", foto, cidade: "Recife" }

const created = (definition: TableDefinition) =>
  Effect.map(MemoryPostgres, (server) => {
    server.slots.create(slotName)
    return { server, table: server.createTable(definition) }
  })

/** The objects of `inc` without the columns that tell the commit. */
const incRows = Effect.map(Effect.flatMap(incKeys, textsOf), (csv) =>
  csv.split("\n").map((row) => row.replace(/^([IUDT]),[^,]*,(\d+),[^,]*,[^,]*,/, "$1,$2,")),
)
const header = "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,email,cidade"

const noSecret = Effect.gen(function* () {
  const everything = yield* Effect.flatMap(lakeKeys, textsOf)
  assert.notMatch(everything, /segredo/)
  assert.notInclude(everything, hashKey)
})

describe("cdc", () => {
  it.effect(
    "writes neither an excluded column nor a value of a hashed one, in the row and in the old row",
    () =>
      Effect.gen(function* () {
        const { server, table } = yield* created(watched)
        yield* server.transact((tx) => {
          tx.insert(table, ana)
          tx.update(table, { id: "1" }, { cpf: "segredo-456" })
          tx.update(table, { id: "1" }, { email: "segredo@outro", cidade: null })
          tx.delete(table, { id: "1" })
        })
        yield* cdcOnce
        const [before, after] = [hashOf("segredo@exemplo"), hashOf("segredo@outro")]
        const old = `"{""id"":""1"",""email"":""${before}"",""cidade"":""Recife""}"`
        assert.deepStrictEqual(yield* incRows, [
          header,
          `I,1,,,1,${before},Recife`,
          `U,2,${old},,1,${before},Recife`,
          `U,3,${old},,1,${after},`,
          `D,4,,,1,${after},`,
          "",
        ])
        yield* noSecret
      }).pipe(Effect.provide(world(rules))),
  )

  it.effect("does not list an excluded column whose large value was not sent", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      const large = "segredo-email".repeat(300)
      yield* server.transact((tx) => tx.insert(table, { ...ana, email: large }))
      yield* server.transact((tx) => tx.update(table, { id: "1" }, { cidade: "Olinda" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incRows, [
        header,
        `I,1,,,1,${hashOf(large)},Recife`,
        "U,1,,{email},1,,Olinda",
        "",
      ])
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("begins no object where an excluded column is added or dropped", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      yield* server.transact((tx) => tx.insert(table, ana))
      table.addColumn(textColumn("face"))
      yield* server.transact((tx) => tx.insert(table, { ...ana, id: "2", face: "segredo" }))
      table.dropColumn("cpf")
      yield* server.transact((tx) => tx.insert(table, { ...ana, id: "3" }))
      yield* cdcOnce
      assert.strictEqual((yield* incKeys).length, 1)
      yield* noSecret
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("begins an object with a DELETE under the columns that the lake has", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(watched)
      yield* server.transact((tx) => tx.insert(table, ana))
      yield* cdcOnce
      yield* server.transact((tx) => tx.delete(table, { id: "1" }))
      yield* cdcOnce
      const [, deleted = ""] = yield* incKeys
      assert.match(yield* textOf(deleted), new RegExp(`^${header}\nD,.*,1,${hashOf(ana.email)},Recife\n$`))
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("takes no excluded column from an older object for a table that was dropped", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      yield* server.transact((tx) => tx.insert(table, { id: "1", cidade: "Recife" }))
      yield* Effect.provide(cdcOnce, settings({}))
      yield* server.transact((tx) => tx.delete(table, { id: "1" }))
      server.dropTable(table)
      yield* cdcOnce
      const newest = (yield* incKeys).at(-1) ?? ""
      assert.match(yield* textOf(newest), new RegExp(`^${header}\nD,.*,1,,\n$`))
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("masks a table that was renamed by the name in SOURCE_TABLES, and so does full", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      yield* server.transact((tx) => tx.insert(table, ana))
      yield* cdcOnce
      server.renameTable(table, "pessoa")
      yield* server.transact((tx) => tx.insert(table, { ...ana, id: "2" }))
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(table, { ...ana, id: "3" }))
      yield* cdcOnce
      yield* full
      assert.strictEqual((yield* incKeys).length, 3)
      yield* noSecret
    }).pipe(Effect.provide(world({ ...rules, COLUMNS_EXCLUDE: "db_loja.cliente.cpf,db_loja.cliente.foto" }))),
  )

  it.effect("writes no row once an excluded column belongs to the key", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      yield* server.transact((tx) => tx.insert(table, ana))
      // The key changes after the check at the start.
      const keyed = Effect.updateService(cdcOnce, SourceTables, (real) =>
        SourceTables.of({
          ...real,
          describe: (name) => Effect.map(real.describe(name), (found) => ({ ...found, primaryKey: ["cpf"] })),
        }),
      )
      const error = yield* failureOf(keyed)
      assert.match(
        String(error),
        /"db_loja"."cliente": COLUMNS_EXCLUDE names "cpf", which belongs to its key/,
      )
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("asks the catalog for the key before an object only where the object lacks a column", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      const plain = server.createTable(pedido)
      const asked: Array<string> = []
      const counted = Effect.updateService(cdcOnce, SourceTables, (real) =>
        SourceTables.of({
          ...real,
          describe: (name) =>
            Effect.suspend(() => {
              asked.push(name.name)
              return real.describe(name)
            }),
        }),
      )
      yield* counted
      asked.length = 0
      yield* counted
      const atStart = asked.splice(0)
      yield* server.transact((tx) => {
        tx.insert(table, ana)
        tx.insert(plain, order)
      })
      yield* counted
      // Each first object of a process is compared with the schema history.
      const ofSchemas = ["cliente", "pedido"]
      assert.deepStrictEqual(asked, [...atStart, "cliente", ...ofSchemas])
    }).pipe(Effect.provide(world({ ...rules, ...twoTables, COLUMNS_EXCLUDE: "*.cpf" }))),
  )
})

describe("an entry that matches no column", () => {
  for (const [name, command] of [
    ["cdc", cdcOnce],
    ["full", Effect.asVoid(full)],
  ] as const) {
    it.effect(`is warned of by ${name}: the secret may be in another column`, () =>
      Effect.gen(function* () {
        yield* created(pessoa)
        assert.deepStrictEqual(
          yield* warningsOf<void, unknown, Effect.Services<typeof cdcOnce | typeof full>>(command),
          [
            'COLUMNS_EXCLUDE: "db_loja.cliente.cfp" matches no column of the tables in SOURCE_TABLES. ' +
              "Correct the entry, or remove it. Names are folded to lower case unless they are quoted.",
          ],
        )
      }).pipe(Effect.provide(world({ COLUMNS_EXCLUDE: "db_loja.cliente.cfp, *.foto" }))),
    )
  }

  it.effect("is not looked for in some of the tables alone", () =>
    Effect.gen(function* () {
      const { server } = yield* created(pessoa)
      server.createTable({
        ...pessoa,
        table: { schema: "db_loja", name: "pedido" },
        columns: [textColumn("id")],
      })
      const some = fullInto({ isNewSource: false, only: Option.some("pedidos") })
      assert.deepStrictEqual(yield* warningsOf(some), [])
    }).pipe(Effect.provide(world({ ...twoTables, COLUMNS_EXCLUDE: "*.cpf" }))),
  )
})

describe("full", () => {
  it.effect(
    "copies neither an excluded column nor a value of a hashed one, and the manifest names both",
    () =>
      Effect.gen(function* () {
        const { server, table } = yield* created(pessoa)
        yield* server.transact((tx) => {
          tx.insert(table, ana)
          tx.insert(table, { id: "2", cpf: "segredo", email: null, foto: null, cidade: "" })
          tx.insert(table, { id: "3", cpf: null, email: "", foto: null, cidade: 'a "b",' })
        })
        yield* full
        const keys = yield* lakeKeys
        const object = keys.find((key) => key.endsWith(".csv")) ?? ""
        const csv = yield* textOf(object)
        assert.strictEqual(
          csv,
          `id,email,cidade\n1,${hashOf(ana.email)},Recife\n2,,""\n3,${hashOf("")},"a ""b"","\n`,
        )
        const manifest = Result.getOrThrow(
          Manifest.parse(yield* textOf(keys.find((key) => key.endsWith(".json")) ?? "")),
        )
        assert.deepStrictEqual([manifest.excluded, manifest.hashed], [["cpf", "foto"], ["email"]])
        assert.deepStrictEqual(
          manifest.columns.map(({ name, type }) => `${name} ${type}`),
          ["id integer", "email text", "cidade text"],
        )
        assert.deepStrictEqual([manifest.rows, manifest.bytes], [3, csv.length])
        yield* noSecret
      }).pipe(Effect.provide(world(rules))),
  )
})

describe("an excluded key", () => {
  const excludedKeys = { ...twoTables, COLUMNS_EXCLUDE: "*.id" }
  const refusal = Effect.fnUntraced(function* (command: typeof cdcOnce | typeof full) {
    const { server } = yield* created(pessoa)
    server.createTable(pedido)
    const exit = yield* ended(command)
    assert.strictEqual(exitCode(exit), 2)
    for (const name of ["cliente", "pedido"])
      assert.include(
        String(exit),
        `"db_loja"."${name}": COLUMNS_EXCLUDE names "id", which belongs to its key`,
      )
    const written = (yield* lakeKeys).filter((key) => !key.includes("_fence_probe"))
    assert.deepStrictEqual(written, [])
  })

  it.effect("is refused by full for all tables together, before anything is written", () =>
    Effect.provide(refusal(full), world(excludedKeys)),
  )

  it.effect("is refused by cdc for all tables together, before anything is written", () =>
    Effect.provide(refusal(cdcOnce), world(excludedKeys)),
  )

  it.effect("may be hashed: then the hash identifies the row", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created(pessoa)
      yield* server.transact((tx) => tx.insert(table, ana))
      yield* server.transact((tx) => tx.update(table, { id: "1" }, { id: "2" }))
      yield* server.transact((tx) => tx.delete(table, { id: "2" }))
      yield* cdcOnce
      const rows = yield* incRows
      const [one, two] = [hashOf("1"), hashOf("2")]
      assert.deepStrictEqual(
        rows.slice(1).map((row) => row.split(",").slice(0, 5).join()),
        [`I,1,,,${one}`, `U,1,"{""id"":""${one}""}",,${two}`, `D,1,,,${two}`, ""],
      )
    }).pipe(Effect.provide(world({ ...rules, COLUMNS_HASH: "*.id,*.email" }))),
  )
})
