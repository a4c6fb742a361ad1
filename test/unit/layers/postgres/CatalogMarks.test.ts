/** The catalog's rows, as the PostgreSQL in memory tells of them. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { a, b, type CatalogWorld, catalogContract } from "../../../contract/catalogContract.ts"
import { slotName, world } from "../../../support/memory/memoryWorld.ts"

const columns = [
  { name: "id", type: "integer", nullable: false },
  { name: "v", type: "text", nullable: true },
]

const catalogWorld = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  const tables = [a, b].map((table) => server.createTable({ table, columns, primaryKey: ["id"] }))
  server.slots.create(slotName)
  let id = 0
  const named = (name: string) => {
    const table = tables.find((one) => one.name.name === name)
    return table === undefined ? Effect.die(new Error(`${name} is not there`)) : Effect.succeed(table)
  }
  const opened: CatalogWorld = {
    visit: yield* (yield* ChangeSource).visit,
    rename: (from, to) => Effect.map(named(from), (table) => server.renameTable(table, to)),
    renameSchema: (from, to) => Effect.sync(() => server.renameSchema(from, to)),
    addColumn: (name, column) =>
      Effect.map(named(name), (table) => table.addColumn({ name: column, type: "text", nullable: true })),
    insert: (name) =>
      Effect.flatMap(named(name), (table) =>
        server.transact((tx) => tx.insert(table, { id: String(++id), v: "x" })),
      ),
  }
  return opened
})

describe("the catalog in memory", () => {
  for (const [behaviour, program] of catalogContract)
    it.effect(behaviour, () => Effect.flatMap(catalogWorld, program).pipe(Effect.provide(world())))
})
