/** The contract of `ChangeSource`, by the PostgreSQL in memory. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { a, b, type ChangeWorld, changeSourceContract } from "../../../contract/changeSourceContract.ts"
import { slotName, world } from "../../../support/memory/memoryWorld.ts"

const columns = [
  { name: "id", type: "integer", nullable: false },
  { name: "v", type: "text", nullable: true },
]

const changeWorld = Effect.map(MemoryPostgres, (server): ChangeWorld => {
  const create = (table: typeof a) => server.createTable({ table, columns, primaryKey: ["id"] })
  const tables = { a: create(a), b: create(b) }
  server.slots.create(slotName)
  return {
    insert: (rows, letters = 1) =>
      server.transact((tx) => {
        for (const [table, id] of rows) tx.insert(tables[table], { id: String(id), v: "x".repeat(letters) })
      }),
  }
})

describe("the changes of the PostgreSQL in memory", () => {
  for (const [behaviour, program] of changeSourceContract)
    it.effect(behaviour, () => Effect.flatMap(changeWorld, program).pipe(Effect.provide(world())))
})
