/** Patterns in SOURCE_TABLES that match partitioned tables and partitions. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { lineOf, reasonOf } from "../../../support/lake/memoryRows.ts"
import {
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  lakeKeys,
  started,
  textsOf,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { named, row, sales, venda } from "../../../support/memory/partitionedWorld.ts"

const poll = TestClock.adjust("2 seconds")
const all = { SOURCE_TABLES: "db_loja.*" }

/** By dataset: `_op`, `id` and, in partitioned datasets, `_partition` of its rows. */
const rows = Effect.gen(function* () {
  const keys = (yield* lakeKeys).filter((key) => /^inc\/.*\.csv$/.test(key))
  const found: Record<string, Array<string>> = {}
  for (const key of keys) {
    const dataset = key.split("/")[1] ?? ""
    const text = yield* textsOf([key])
    for (const [, op, leaf, id] of text.matchAll(/^([IUD]),(?:[^,]*,){6}(?:db_loja\.(\w+),)?([^,\n]*)/gm))
      found[dataset] = [...(found[dataset] ?? []), `${op}${id}${leaf === undefined ? "" : ` ${leaf}`}`]
  }
  return found
})

/** A batch with new WAL. */
const batch = Effect.fnUntraced(function* (write: Effect.Effect<unknown>) {
  yield* write
  yield* poll
})

describe("a pattern that matches a partitioned table", () => {
  it.effect("follows it under its root, also leaves that come while cdc runs", () =>
    Effect.gen(function* () {
      const { server, root, leaf, one } = yield* sales
      const program = yield* started(cdcForEver)
      yield* batch(server.transact((tx) => tx.insert(one, row(1, 1))))
      const three = leaf("venda_03")
      const branch = server.createTable({ ...venda, table: named("venda_04").table, partitionOf: root })
      const deep = server.createTable({ ...named("venda_04_a"), partitionOf: branch })
      yield* batch(
        server.transact((tx) => {
          tx.insert(three, row(2, 3))
          tx.insert(deep, row(3, 4))
        }),
      )
      assert.deepStrictEqual(yield* rows, { venda: ["I1 venda_01", "I2 venda_03", "I3 venda_04_a"] })
      assert.isUndefined(yield* reasonOf("venda"))
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect(
    "follows one that comes while cdc runs from the next batch on, and none of its leaves apart",
    () =>
      Effect.gen(function* () {
        const { server, one } = yield* sales
        const program = yield* started(cdcForEver)
        const root = server.createTable({ ...venda, table: named("nota").table })
        const leaf = server.createTable({ ...named("nota_01"), partitionOf: root })
        yield* batch(server.transact((tx) => tx.insert(one, row(1, 1))))
        yield* batch(server.transact((tx) => tx.insert(leaf, row(2, 1))))
        assert.deepStrictEqual(yield* rows, { nota: ["I2 nota_01"], venda: ["I1 venda_01"] })
        assert.strictEqual(yield* reasonOf("nota"), "new")
        yield* Fiber.interrupt(program)
      }).pipe(Effect.provide(world(all))),
  )

  it.effect("copies it with full under its root, and --tables takes no leaf of it", () =>
    Effect.gen(function* () {
      const { server, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* Pipeline.full
      const manifests = (yield* lakeKeys).filter((key) => key.endsWith(".json"))
      assert.deepStrictEqual(
        manifests.map((key) => key.split("/")[1]),
        ["venda"],
      )
      const only = Pipeline.fullInto({ isNewSource: false, only: Option.some("db_loja.venda_01") })
      assert.strictEqual(exitCode(yield* ended(only)), 2)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("leaves a table that becomes a partition of it, whose rows then are those of the root", () =>
    Effect.gen(function* () {
      const { server, root, one } = yield* sales
      const table = server.createTable(named("avulsa"))
      const program = yield* started(cdcForEver)
      yield* batch(server.transact((tx) => tx.insert(table, row(1, 5))))
      yield* server.transact((tx) => tx.insert(table, row(2, 5)))
      root.attach(table)
      yield* poll
      yield* batch(server.transact((tx) => tx.insert(table, row(3, 5))))
      yield* batch(server.transact((tx) => tx.insert(one, row(4, 1))))
      assert.deepStrictEqual(yield* rows, {
        avulsa: ["I1", "I2"],
        venda: ["I3 avulsa", "I4 venda_01"],
      })
      assert.isDefined(yield* lineOf("left.avulsa"))
      assert.strictEqual(yield* reasonOf("venda"), "attached")
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("follows a partition as a table of its own once it was detached, and no row of it twice", () =>
    Effect.gen(function* () {
      const { server, root, leaf, one } = yield* sales
      // Before its root in the order of names.
      const old = leaf("antiga")
      const program = yield* started(cdcForEver)
      yield* batch(server.transact((tx) => tx.insert(old, row(1, 2))))
      yield* server.transact((tx) => tx.insert(old, row(2, 2)))
      root.detach(old)
      yield* poll
      yield* batch(server.transact((tx) => tx.insert(old, row(3, 2))))
      yield* batch(server.transact((tx) => tx.insert(one, row(4, 1))))
      assert.deepStrictEqual(yield* rows, {
        antiga: ["I3"],
        venda: ["I1 antiga", "I2 antiga", "I4 venda_01"],
      })
      assert.strictEqual(yield* reasonOf("antiga"), "new")
      assert.strictEqual(yield* reasonOf("venda"), "detached")
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )
})

describe("a pattern that matches partitions while their root is left out", () => {
  it.effect("follows each as a table of its own", () =>
    Effect.gen(function* () {
      const { server, one, two } = yield* sales
      yield* server.transact((tx) => {
        tx.insert(one, row(1, 1))
        tx.insert(two, row(2, 2))
      })
      yield* cdcOnce
      assert.deepStrictEqual(yield* rows, { venda_01: ["I1"], venda_02: ["I2"] })
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*,!db_loja.venda" }))),
  )
})
