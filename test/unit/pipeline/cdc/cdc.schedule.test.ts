/** When `cdc` polls, waits, stops and takes over. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Layer, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import { StopSignal } from "../../../../src/services/StopSignal.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  failureOf,
  gated,
  incKeys,
  shop,
  slotName,
  started,
  textsOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const mebibyte = 1024 * 1024
const full = new StoreError({ reason: "Full", subject: "lake", detail: "no space left" })

describe("cdc rests", () => {
  it.effect("for the interval after it has found nothing, and not a moment longer", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* incKeys, [])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("as long as POLL_INTERVAL says", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(yield* incKeys, [])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world({ POLL_INTERVAL: "1 minute" }))),
  )

  it.effect("only when nothing waits: batches cut by their bound follow each other at once", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      for (let id = 1; id <= 10; id++)
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}` }))
      yield* started(cdcForEver)
      // Three lines each, at least seven a batch: three transactions, three, three and one.
      assert.deepStrictEqual(
        (yield* Effect.forEach(yield* incKeys, (key) => textsOf([key]))).map(
          (text) => text.split("\n").length - 2,
        ),
        [3, 3, 3, 1],
      )
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "7" }))),
  )

  it.effect("never in the middle of a transaction, however small the bound", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => {
        for (let id = 1; id <= 50; id++) tx.insert(clientes, { ...ana, id: `${id}` })
      })
      yield* cdcOnce
      assert.strictEqual((yield* textsOf(yield* incKeys)).split("\n").length, 52)
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "1" }))),
  )

  it.effect("with --once not at all: it ends when nothing waits", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      for (let id = 1; id <= 10; id++)
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}` }))
      yield* cdcOnce
      assert.strictEqual((yield* incKeys).length, 10)
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "1" }))),
  )

  it.effect("and gets past more changes of other tables than a batch holds", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      for (let id = 1; id <= 5; id++)
        yield* server.transact((tx) => tx.insert(pedidos, { id: `${id}`, total: "1.00" }))
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* started(cdcForEver)
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "3" }))),
  )

  it.effect("and gets past more messages than a batch holds", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      for (let i = 0; i < 100; i++) server.message("audit", "hello")
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "3" }))),
  )
})

describe("cdc lets the server forget log", () => {
  it.effect("that is not of our tables, when it is worth a write to the lake", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* started(cdcForEver)
      const [before] = yield* watermarkLines
      server.writeElsewhere(mebibyte)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* watermarkLines)[0], before)
      server.writeElsewhere(8 * mebibyte)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* watermarkLines)[0], Lsn.print(server.wal.flushed))
      assert.strictEqual(server.slots.find(slotName)?.confirmed, server.wal.flushed)
    }).pipe(Effect.provide(world())),
  )

  it.effect("however little it is where it ends afterwards", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      server.writeElsewhere(8)
      yield* cdcOnce
      assert.strictEqual(server.slots.find(slotName)?.confirmed, server.wal.flushed)
    }).pipe(Effect.provide(world())),
  )

  it.effect("only after the watermark has said so", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const store = yield* WatermarkStore
      const confirmed: Array<Lsn.Lsn | undefined> = []
      const watching = WatermarkStore.of({
        ...store,
        replace: (watermark, version) =>
          Effect.tap(store.replace(watermark, version), () =>
            Effect.sync(() => confirmed.push(server.slots.find(slotName)?.confirmed)),
          ),
      })
      const start = server.slots.find(slotName)?.confirmed
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* Effect.provideService(cdcOnce, WatermarkStore, watching)
      // The first watermark of the lake, the announcement of a name, and that of the batch.
      assert.deepStrictEqual(confirmed, [start, start, start])
    }).pipe(Effect.provide(world())),
  )
})

describe("cdc that is asked to stop", () => {
  it.effect("ends at once while it rests", () =>
    Effect.gen(function* () {
      yield* shop
      const wish = yield* Deferred.make<void>()
      const fiber = yield* started(
        Effect.provideService(cdcForEver, StopSignal, { requested: Deferred.await(wish) }),
      )
      yield* Deferred.succeed(wish, undefined)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
    }).pipe(Effect.provide(world())),
  )

  it.effect("ends at once while it waits for a lake that does not answer at its start", () =>
    Effect.gen(function* () {
      yield* shop
      const wish = yield* Deferred.make<void>()
      const store = yield* ObjectStore
      const fiber = yield* started(
        cdcForEver.pipe(
          Effect.provideService(ObjectStore, { ...store, check: () => Effect.fail(full) }),
          Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
        ),
      )
      yield* Deferred.succeed(wish, undefined)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
    }).pipe(Effect.provide(world())),
  )

  it.effect("finishes the batch in hand first", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const [wish, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const lsn = yield* server.transact((tx) => tx.insert(clientes, ana))
      const fiber = yield* started(
        cdcForEver.pipe(
          Effect.provideServiceEffect(ObjectStore, gated(Deferred.await(gate))),
          Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
        ),
      )
      yield* Deferred.succeed(wish, undefined)
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.strictEqual(server.slots.find(slotName)?.confirmed, lsn)
    }).pipe(Effect.provide(world())),
  )

  it.effect("begins no other batch, although more is waiting", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const [wish, gate] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      for (let id = 1; id <= 3; id++)
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}` }))
      const fiber = yield* started(
        cdcForEver.pipe(
          Effect.provideServiceEffect(ObjectStore, gated(Deferred.await(gate))),
          Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
        ),
      )
      yield* Deferred.succeed(wish, undefined)
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.await(fiber)
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world({ BATCH_MAX_CHANGES: "1" }))),
  )

  it.effect("gives the batch up after 20 seconds, and the next process writes it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const wish = yield* Deferred.make<void>()
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const fiber = yield* started(
        cdcForEver.pipe(
          Effect.provideServiceEffect(ObjectStore, gated(Effect.never)),
          Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
        ),
      )
      yield* Deferred.succeed(wish, undefined)
      yield* TestClock.adjust("19900 millis")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("200 millis")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(yield* incKeys, [])
      yield* cdcOnce
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )
})

/** What a program logs, in a world that is quiet otherwise. */
const collected = () => {
  const logged: Array<string> = []
  const keep = Logger.make(({ message }) => logged.push(String(message)))
  const logger = Layer.merge(Logger.layer([keep]), Layer.succeed(References.MinimumLogLevel, "Info"))
  return { logged, logger }
}

describe("cdc beside another writer", () => {
  it.effect("waits as its standby and takes over when it has gone", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const active = yield* started(cdcForEver)
      yield* started(cdcForEver)
      yield* Fiber.interrupt(active)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      assert.deepStrictEqual(yield* incKeys, [])
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("writes no row twice while both run", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("10 seconds")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* textsOf(yield* incKeys)).match(/^I,/gm)?.length, 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("refuses with --no-wait", () =>
    Effect.gen(function* () {
      yield* shop
      yield* started(cdcForEver)
      const exit = yield* ended(Pipeline.cdc({ once: false, noWait: true }))
      assert.strictEqual(exitCode(exit), 3)
    }).pipe(Effect.provide(world())),
  )

  it.effect("ends with 0 after 20 seconds with --once, and says who writes", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const { logged, logger } = collected()
      const once = yield* started(Effect.provide(cdcOnce, logger))
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(once.pollUnsafe(), undefined)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(once)))
      assert.match(logged.join("\n"), /cdc: nothing to do, process \d+ of the server \(afluente cdc\) writes/)
    }).pipe(Effect.provide(world())),
  )

  it.effect("writes what waits with --once, where the lock comes free within 20 seconds", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const writer = yield* started(cdcForEver)
      const once = yield* started(cdcOnce)
      yield* TestClock.adjust("15 seconds")
      yield* Fiber.interrupt(writer)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(once)))
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect(
    "warns once of a writer that holds the lock and makes no progress, with what ends its session",
    () =>
      Effect.gen(function* () {
        yield* shop
        yield* Effect.flatMap(ChangeSource, ({ attach }) => attach)
        const { logged, logger } = collected()
        yield* started(Effect.provide(cdcForEver, logger))
        const warnings = () => logged.filter((line) => line.includes("no progress"))
        yield* TestClock.adjust("55 seconds")
        assert.deepStrictEqual(warnings(), [])
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(warnings().length, 1)
        assert.match(warnings()[0] ?? "", /process (\d+) of the server .*SELECT pg_terminate_backend\(\1\);/)
      }).pipe(Effect.provide(world())),
  )

  it.effect("does not warn of a writer that has nothing to write", () =>
    Effect.gen(function* () {
      yield* shop
      yield* started(cdcForEver)
      const { logged, logger } = collected()
      yield* started(Effect.provide(cdcForEver, logger))
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(
        logged.filter((line) => line.includes("no progress")),
        [],
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("keeps the connection by which it is seen, not one for each time it asks", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      const both = [yield* started(cdcForEver), yield* started(cdcForEver)]
      yield* TestClock.adjust("10 minutes")
      assert.isTrue(both.every((fiber) => fiber.pollUnsafe() === undefined))
      // Each is seen by one, and one writes; the standby asks by another, and may have none between two times.
      assert.include([3, 4], server.sessions.count)
    }).pipe(Effect.provide(world())),
  )

  it.effect("still waits for a source that restarts after a day of waiting", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* Effect.flatMap(ChangeSource, ({ attach }) => attach)
      const standby = yield* started(cdcForEver)
      yield* TestClock.adjust("1 day")
      server.stop()
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(standby.pollUnsafe(), undefined)
    }).pipe(Effect.provide(world())),
  )
})

describe("cdc waits for what does not answer", () => {
  it.effect("for 30 seconds at its start", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      server.stop()
      const fiber = yield* started(cdcForEver)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("for ever once it has run, and goes on where it was", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      server.stop()
      yield* TestClock.adjust("3 days")
      server.start()
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("for a minute with --once where the lake answers and takes nothing", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const store = yield* ObjectStore
      const fiber = yield* started(
        Effect.provideService(cdcOnce, ObjectStore, { ...store, create: () => Effect.fail(full) }),
      )
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("ever longer between two tries, but never over 12 seconds", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const store = yield* ObjectStore
      const tries: Array<number> = []
      const failing = ObjectStore.of({
        ...store,
        create: () =>
          Effect.andThen(
            Effect.map(Clock.currentTimeMillis, (now) => tries.push(now)),
            Effect.fail(full),
          ),
      })
      yield* started(Effect.provideService(cdcForEver, ObjectStore, failing))
      yield* TestClock.adjust("5 minutes")
      const waits = tries.slice(1).map((time, i) => time - (tries[i] ?? 0))
      assert.isTrue(waits.slice(0, 5).every((wait, i) => i === 0 || wait > (waits[i - 1] ?? 0)))
      assert.isTrue(waits.every((wait) => wait <= 12_000) && waits.slice(6).every((wait) => wait >= 8_000))
    }).pipe(Effect.provide(world())),
  )

  it.effect("not at all where waiting cannot help", () =>
    Effect.gen(function* () {
      yield* shop
      const store = yield* ObjectStore
      const denied = new StoreError({ reason: "Denied", subject: "lake", detail: "no" })
      const error = yield* failureOf(
        Effect.provideService(cdcForEver, ObjectStore, { ...store, check: () => Effect.fail(denied) }),
      )
      assert.strictEqual(error, denied)
    }).pipe(Effect.provide(world())),
  )
})
