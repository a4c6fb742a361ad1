/** `full --tables` beside a running cdc waits until its copy joins inc. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { reasonOf } from "../../../support/lake/memoryRows.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  exitCode,
  lakeKeys,
  shop,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

const only = (tables: string) => Pipeline.fullInto({ isNewSource: false, only: Option.some(tables) })
const produto = { ...cliente, table: { schema: "db_loja", name: "produto" } }

const copies = Effect.map(
  lakeKeys,
  (keys) => keys.filter((key) => /^full\/produto\/.*json$/.test(key)).length,
)

describe("full --tables beside cdc", () => {
  it.effect("waits for a transaction that was open when inc of the table began", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const cdc = yield* started(cdcForEver)
      const made = server.createTable(produto)
      const open = server.begin()
      open.insert(made, ana)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* reasonOf("produto"), "new")
      const full = yield* started(only("produto"))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* copies, 0)
      yield* server.commit(open)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(full)
      assert.strictEqual(yield* copies, 1)
      yield* Fiber.interrupt(cdc)
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )

  it.effect("ends with 1 after a minute, names the oldest transaction and writes nothing", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      server.createTable(produto)
      const open = server.begin()
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      assert.strictEqual(yield* reasonOf("produto"), "new")
      const full = yield* started(Effect.exit(only("produto")))
      yield* TestClock.adjust("61 seconds")
      const exit = yield* Fiber.join(full)
      assert.strictEqual(exitCode(exit), 1)
      assert.include(String(exit), `session ${open.xid}`)
      assert.strictEqual(yield* copies, 0)
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )

  it.effect("waits for one table also if no cdc has begun with another one", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* cdcOnce
      server.createTable(produto)
      server.begin()
      yield* cdcOnce
      assert.strictEqual(yield* reasonOf("produto"), "new")
      server.createTable({ ...cliente, table: { schema: "db_loja", name: "marca" } })
      const full = yield* started(Effect.exit(only("marca,produto")))
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(exitCode(yield* Fiber.join(full)), 1)
      assert.strictEqual(yield* copies, 0)
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )

  it.effect("waits until the running cdc has begun with a new table", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const cdc = yield* started(cdcForEver)
      server.createTable(produto)
      const full = yield* started(only("produto"))
      assert.strictEqual(yield* copies, 0)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(full)
      assert.strictEqual(yield* reasonOf("produto"), "new")
      assert.strictEqual(yield* copies, 1)
      yield* Fiber.interrupt(cdc)
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )

  it.effect("does not wait for a transaction that began later", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      const made = server.createTable(produto)
      yield* cdcOnce
      server.begin().insert(made, bia)
      yield* only("produto")
      assert.strictEqual(yield* copies, 1)
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )
})
