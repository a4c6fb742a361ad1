/** Settings that are read again while `cdc` runs: what applies, what is refused, and that a restart comes to the same lake. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Option, References } from "effect"
import { TestClock } from "effect/testing"
import { CurrentSettings, LiveSettings, needRestart } from "../../../../src/settings/reload/LiveSettings.ts"
import { Settings } from "../../../../src/settings/Settings.ts"
import { lineOf, reasonOf, rowsOf } from "../../../support/lake/memoryRows.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  order,
  settings,
  shop,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

const poll = TestClock.adjust("2 seconds")
const one = { SOURCE_TABLES: "db_loja.cliente=clientes", LAKE_LAYOUT: "datasets" }
const two = { ...one, SOURCE_TABLES: "db_loja.cliente=clientes,db_loja.pedido=pedidos" }

const read = (variables: Readonly<Record<string, string>>) => Effect.provide(Settings, settings(variables))

/** A `cdc` that runs, what it logs, and `reload` of other settings. */
const running = Effect.gen(function* () {
  const live = new LiveSettings(yield* Settings)
  const logged: Array<string> = []
  const keep = Logger.make(({ message }) => logged.push(String(message)))
  const logger = Layer.merge(Logger.layer([keep]), Layer.succeed(References.MinimumLogLevel, "Info"))
  const program = yield* started(
    cdcForEver.pipe(Effect.provideService(CurrentSettings, Option.some(live)), Effect.provide(logger)),
  )
  const reload = (variables: Readonly<Record<string, string>>) =>
    Effect.flatMap(read(variables), (values) =>
      Effect.andThen(
        Effect.sync(() => live.offer(values)),
        TestClock.adjust("100 millis"),
      ),
    )
  return { live, logged, reload, stop: Fiber.interrupt(program) }
})

describe("settings that are read again", () => {
  it.effect("add a table, which is followed from the next batch on, also where nothing is written", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      const { reload, logged, stop } = yield* running
      yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        tx.insert(pedidos, order)
      })
      yield* poll
      yield* reload(two)
      assert.include(logged.join("\n"), "the settings that were read again are in force")
      assert.strictEqual(yield* reasonOf("pedidos"), "new")
      yield* server.transact((tx) => {
        tx.insert(clientes, bia)
        tx.insert(pedidos, { ...order, id: "8" })
      })
      yield* poll
      assert.deepStrictEqual([yield* rowsOf("clientes"), yield* rowsOf("pedidos")], [["I1", "I2"], ["I8"]])
      yield* stop
    }).pipe(Effect.provide(world(one))),
  )

  it.effect("take a table out, whose changes up to then are written", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* shop
      const { reload, stop } = yield* running
      yield* poll
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* reload(one)
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      yield* poll
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7"])
      assert.isDefined(yield* lineOf("left.pedidos"))
      yield* stop
    }).pipe(Effect.provide(world(two))),
  )

  it.effect("do not wait for the end of a long pause", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const { reload, stop } = yield* running
      yield* TestClock.adjust("1 minute")
      yield* reload({ ...one, POLL_INTERVAL: "1s" })
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1"])
      yield* stop
    }).pipe(Effect.provide(world({ ...one, POLL_INTERVAL: "1 hour" }))),
  )

  for (const [what, tables, words] of [
    ["a named table is missing", "db_loja.cliente=clientes,db_loja.nada", "does not exist"],
    ["a dataset would get another table", "db_loja.pedido=clientes", 'belongs to "db_loja"."cliente"'],
    ["a new dataset would be hidden", "db_loja.cliente=clientes,db_loja.pedido=_p", 'begins with "_"'],
  ] as const) {
    it.effect(`leave the old ones in force, where ${what}`, () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        const { live, reload, logged, stop } = yield* running
        yield* server.transact((tx) => tx.insert(clientes, ana))
        yield* poll
        const before = live.inForce
        yield* reload({ ...one, SOURCE_TABLES: tables, POLL_INTERVAL: "1s" })
        assert.match(logged.join("\n"), new RegExp(`are not used, the old ones stay. .*${words}`))
        assert.deepStrictEqual(live.inForce, before)
        yield* server.transact((tx) => tx.insert(clientes, bia))
        yield* poll
        assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2"])
        yield* stop
      }).pipe(Effect.provide(world(one))),
    )
  }

  it.effect("wait until the source answers again", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* shop
      const { reload, stop } = yield* running
      server.stop()
      yield* reload(two)
      yield* TestClock.adjust("1 minute")
      server.start()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reasonOf("pedidos"), "new")
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* poll
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7"])
      yield* stop
    }).pipe(Effect.provide(world(one))),
  )

  it.effect("are used by a standby that takes over", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* shop
      const first = yield* running
      const second = yield* running
      yield* second.reload(two)
      assert.isUndefined(yield* reasonOf("pedidos"))
      yield* first.stop
      yield* poll
      assert.strictEqual(yield* reasonOf("pedidos"), "new")
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* poll
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7"])
      yield* second.stop
    }).pipe(Effect.provide(world(one))),
  )

  it.effect("come to the same lake as a restart with them", () =>
    Effect.gen(function* () {
      /** One history: a table more, a table less, and back, with rows in between. */
      const lakeAfter = (by: "reload" | "restart") =>
        Effect.gen(function* () {
          const { server, clientes, pedidos } = yield* shop
          const live = new LiveSettings(yield* Settings)
          let id = 0
          const write = server.transact((tx) => {
            tx.insert(clientes, { ...ana, id: String(++id) })
            tx.insert(pedidos, { ...order, id: String(id) })
          })
          const begin = (values: Settings["Service"]) =>
            started(
              cdcForEver.pipe(
                Effect.provideService(Settings, values),
                Effect.provideService(
                  CurrentSettings,
                  Option.some(by === "reload" ? live : new LiveSettings(values)),
                ),
              ),
            )
          let program = yield* begin(live.inForce)
          for (const variables of [two, one, two, { ...two, SOURCE_TABLES: "db_loja.pedido=pedidos" }, two]) {
            yield* write
            yield* poll
            const values = yield* read(variables)
            if (by === "reload") live.offer(values)
            else {
              yield* Fiber.interrupt(program)
              program = yield* begin(values)
            }
            yield* poll
            yield* write
            yield* poll
          }
          yield* Fiber.interrupt(program)
          const reasons = [yield* reasonOf("clientes"), yield* reasonOf("pedidos")]
          return { clientes: yield* rowsOf("clientes"), pedidos: yield* rowsOf("pedidos"), reasons }
        }).pipe(Effect.provide(Layer.fresh(world(one))))
      const reloaded = yield* lakeAfter("reload")
      assert.deepStrictEqual(reloaded, yield* lakeAfter("restart"))
      assert.isAbove(reloaded.pedidos.length, 3)
    }),
  )

  it.effect("apply to the log at once, and never go back to older ones", () =>
    Effect.gen(function* () {
      const live = new LiveSettings(yield* read(one))
      const older = yield* read({ ...one, LOG_LEVEL: "debug" })
      live.offer(older)
      assert.strictEqual(live.inForce.logLevel, "Debug")
      const taken = Option.getOrThrow(live.next)
      live.offer(yield* read({ ...two, LOG_LEVEL: "error" }))
      live.take(taken)
      assert.strictEqual(live.inForce.logLevel, "Error")
      assert.deepStrictEqual(live.inForce.tables, older.tables)
      assert.isTrue(Option.isSome(live.next))
    }),
  )

  it.effect("name those that need a restart, and only what was changed", () =>
    Effect.gen(function* () {
      const keys = { LAKE_URL: "s3://raw", MINIO_ACCESS_KEY: "a", MINIO_SECRET_KEY: "b", PGPASSWORD: "x" }
      const before = yield* read(keys)
      assert.deepStrictEqual(needRestart(before, yield* read(keys)), [])
      assert.deepStrictEqual(needRestart(before, yield* read({ ...keys, ...two, POLL_INTERVAL: "9s" })), [
        "LAKE_LAYOUT",
      ])
      const other = { ...keys, MINIO_SECRET_KEY: "c", PGPASSWORD: "y", LAKE_URL: "s3://cru" }
      assert.deepStrictEqual(needRestart(before, yield* read(other)), [
        "DATABASE_URL and PG*",
        "LAKE_URL",
        "MINIO_* and AWS_*",
      ])
    }),
  )
})

describe("cdc without a reload", () => {
  it.effect("never takes the lake over a second time", () =>
    Effect.gen(function* () {
      yield* shop
      const { stop } = yield* running
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* lineOf("epoch"), "1")
      yield* stop
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
    }).pipe(Effect.provide(world(one))),
  )
})
