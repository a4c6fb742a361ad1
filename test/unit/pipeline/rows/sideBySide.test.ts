/** How the objects of one batch become visible: those of several datasets at once, each dataset's own one after the other. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import {
  cdcOnce,
  cliente,
  ended,
  exitCode,
  gated,
  incKeys,
  slotName,
  world,
} from "../../../support/memory/memoryWorld.ts"

const count = 48
const names = Array.from({ length: count }, (_, i) => `t${i}`)
const tables = { SOURCE_TABLES: names.map((name) => `db_loja.${name}`).join(","), LAKE_LAYOUT: "datasets" }

/** One row in each table, in one transaction. */
const manyTables = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  const made = names.map((name) => server.createTable({ ...cliente, table: { schema: "db_loja", name } }))
  server.slots.create(slotName)
  yield* server.transact((tx) => {
    for (const table of made) tx.insert(table, { id: "1", nome: "Ana", ativo: "true" })
  })
})

/** A lake that needs a second for each object, and notes how many were under way at most. */
const slowLake = Effect.gen(function* () {
  let underWay = 0
  let most = 0
  const lake = yield* gated(
    Effect.gen(function* () {
      most = Math.max(most, ++underWay)
      yield* Effect.sleep("1 second")
      underWay--
    }),
  )
  return { lake, most: () => most }
})

describe("The objects of one batch", () => {
  it.effect("become visible side by side, sixteen at a time", () =>
    Effect.gen(function* () {
      yield* manyTables
      const { lake, most } = yield* slowLake
      const begun = yield* Clock.currentTimeMillis
      const exit = yield* ended(Effect.provideService(cdcOnce, ObjectStore, lake))
      const seconds = ((yield* Clock.currentTimeMillis) - begun) / 1000
      assert.deepStrictEqual([exitCode(exit), (yield* incKeys).length, most()], [0, count, 16])
      // Three rounds of sixteen, each of an object and its schema.
      assert.isBelow(seconds, 7)
    }).pipe(Effect.provide(world(tables))),
  )

  it.effect("all bear the one name that was announced", () =>
    Effect.gen(function* () {
      yield* manyTables
      yield* ended(cdcOnce)
      const stamps = (yield* incKeys).map((key) => key.slice(key.lastIndexOf("/") + 1))
      assert.deepStrictEqual([stamps.length, new Set(stamps).size], [count, 1])
    }).pipe(Effect.provide(world(tables))),
  )
})
