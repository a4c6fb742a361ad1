/** A lake that was begun with one table and gets more: the first stays at the root, the others get folders. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { lineOf, reasonOf } from "../../../support/lake/memoryRows.ts"
import {
  ana,
  bia,
  cdcOnce,
  incKeys,
  lakeKeys,
  order,
  put,
  settings,
  shop,
  textOf,
  twoTables,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** Begun with `clientes` alone, by `full` and `cdc`. */
const begun = Effect.gen(function* () {
  const all = yield* shop
  yield* Pipeline.full
  yield* all.server.transact((tx) => tx.insert(all.clientes, ana))
  yield* cdcOnce
  return all
})

const folders = Effect.map(lakeKeys, (keys) => [
  ...new Set(keys.filter((key) => /csv$/.test(key)).map((key) => key.replace(/date=.*/, ""))),
])

describe("a lake that was begun with one table", () => {
  it.effect("names it as its root", () =>
    Effect.gen(function* () {
      yield* begun
      assert.deepStrictEqual([yield* lineOf("layout"), yield* lineOf("root")], ["single", "clientes"])
    }).pipe(Effect.provide(world())),
  )

  for (const [what, variables] of [
    ["without LAKE_LAYOUT", twoTables],
    ["with LAKE_LAYOUT=datasets", { ...twoTables, LAKE_LAYOUT: "datasets" }],
    ["with LAKE_LAYOUT=single", { ...twoTables, LAKE_LAYOUT: "single" }],
  ] as const) {
    it.effect(`takes a second one in folders of its own, ${what}`, () =>
      Effect.gen(function* () {
        const { server, clientes, pedidos } = yield* begun
        const grown = settings(variables)
        yield* Effect.provide(cdcOnce, grown)
        assert.strictEqual(yield* reasonOf("pedidos"), "new")
        yield* Effect.provide(Pipeline.full, grown)
        yield* server.transact((tx) => {
          tx.insert(clientes, bia)
          tx.insert(pedidos, order)
        })
        yield* Effect.provide(cdcOnce, grown)
        assert.deepStrictEqual(yield* folders, ["full/", "full/pedidos/", "inc/", "inc/pedidos/"])
        assert.deepStrictEqual([yield* lineOf("layout"), yield* lineOf("root")], ["single", "clientes"])
        assert.include(
          yield* textOf((yield* incKeys).filter((key) => key.includes("pedidos"))[0] ?? ""),
          ",7,1.50",
        )
      }).pipe(Effect.provide(world())),
    )
  }

  it.effect("never gives the root to another one, where the first is taken out", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* begun
      const other = settings({ SOURCE_TABLES: "db_loja.pedido=pedidos" })
      yield* Effect.provide(cdcOnce, other)
      yield* server.transact((tx) => {
        tx.insert(clientes, bia)
        tx.insert(pedidos, order)
      })
      yield* Effect.provide(cdcOnce, other)
      assert.deepStrictEqual(yield* folders, ["full/", "inc/", "inc/pedidos/"])
      assert.strictEqual(yield* lineOf("root"), "clientes")
      assert.isDefined(yield* lineOf("left.clientes"))
    }).pipe(Effect.provide(world())),
  )

  it.effect("is known by its objects, where an older version wrote no root", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* begun
      const older = (yield* textOf("inc/_watermark.txt")).replace(/^root=.*\n/m, "")
      yield* put("inc/_watermark.txt", older)
      const grown = settings({ SOURCE_TABLES: "db_loja.pedido=pedidos,db_loja.cliente=clientes" })
      yield* Effect.provide(cdcOnce, grown)
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* Effect.provide(cdcOnce, grown)
      assert.strictEqual(yield* lineOf("root"), "clientes")
      assert.deepStrictEqual(yield* folders, ["full/", "inc/", "inc/pedidos/"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("grows by copies alone too, where no cdc has begun", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      yield* Effect.provide(Pipeline.full, settings(twoTables))
      assert.deepStrictEqual(yield* folders, ["full/", "full/pedidos/"])
    }).pipe(Effect.provide(world())),
  )
})
