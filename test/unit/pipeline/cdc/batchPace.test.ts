/** When `cdc` reads what is pending: BATCH_MIN_WAL and BATCH_MAX_WAIT. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { healthOf } from "../../../../src/observe/Health.ts"
import type { PipelineEvent } from "../../../../src/observe/PipelineEvent.ts"
import { PipelineEvents } from "../../../../src/observe/PipelineEvents.ts"
import { initialStatus, lagSeconds, lastSuccess, nextStatus } from "../../../../src/observe/PipelineStatus.ts"
import { StopSignal } from "../../../../src/services/StopSignal.ts"
import {
  ana,
  beginning,
  bia,
  cdcForEver,
  cdcOnce,
  incKeys,
  shop,
  slotName,
  started,
  textsOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const mebibyte = 1024 * 1024
const seldom = { BATCH_MIN_WAL: "16MB", BATCH_MAX_WAIT: "60 seconds" }
const objects = Effect.map(incKeys, (keys) => keys.length)

/** Runs `cdc`, and returns the status that its events give. */
const observed = Effect.gen(function* () {
  let status = initialStatus(yield* Clock.currentTimeMillis)
  const publish = (event: PipelineEvent) =>
    Effect.sync(() => {
      status = nextStatus(status, event)
    })
  yield* started(Effect.provideService(cdcForEver, PipelineEvents, { publish }))
  return () => status
})

describe("cdc with BATCH_MIN_WAL", () => {
  it.effect("leaves less WAL in the slot until it has been pending for BATCH_MAX_WAIT", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      // The check at second 2 finds it.
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(yield* objects, 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* objects, 1)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("writes what came meanwhile into the same object", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("59 seconds")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* textsOf(yield* incKeys)).match(/^I,/gm)?.length, 2)
      assert.strictEqual(yield* objects, 1)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("reads at the next check when that much WAL is pending, of whatever table", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("4 seconds")
      server.writeElsewhere(16_000_000)
      assert.strictEqual(yield* objects, 0)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* objects, 1)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("counts the wait anew for WAL that a check finds after a batch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("62 seconds")
      assert.strictEqual(yield* objects, 1)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(yield* objects, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* objects, 2)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("reads at once what is pending when it starts", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* started(cdcForEver)
      assert.strictEqual(yield* objects, 1)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("reads on at once where BATCH_MAX_CHANGES cut a batch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      for (let id = 1; id <= 10; id++)
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: `${id}` }))
      yield* started(cdcForEver)
      assert.strictEqual(yield* objects, 4)
    }).pipe(Effect.provide(world({ ...seldom, BATCH_MAX_CHANGES: "7" }))),
  )

  it.effect("ignores it with --once", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      assert.strictEqual(yield* objects, 1)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("writes what is pending when it is asked to stop", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const wish = yield* Deferred.make<void>()
      const fiber = yield* started(
        Effect.provideService(cdcForEver, StopSignal, { requested: Deferred.await(wish) }),
      )
      const lsn = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* objects, 0)
      yield* Deferred.succeed(wish, undefined)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.strictEqual(yield* objects, 1)
      assert.strictEqual(server.slots.find(slotName)?.confirmed, lsn)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("lets the server remove WAL of other tables once it is read", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* started(cdcForEver)
      const [before] = yield* watermarkLines
      server.writeElsewhere(9 * mebibyte)
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual((yield* watermarkLines)[0], before)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(server.slots.find(slotName)?.confirmed, server.wal.flushed)
    }).pipe(Effect.provide(world(seldom))),
  )

  it.effect("is healthy while it checks, and its lag counts what is pending", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      const status = yield* observed
      const before = server.wal.flushed
      server.writeElsewhere(1000)
      yield* TestClock.adjust("40 seconds")
      const now = yield* Clock.currentTimeMillis
      assert.deepStrictEqual(healthOf(status(), now, 5000), { isWell: true, text: "ok" })
      assert.isAtMost(now - lastSuccess(status()), 2000)
      assert.strictEqual(status().lagBytes, Number(server.wal.flushed - before))
      // All was read at the start.
      assert.approximately(lagSeconds(status(), now), (now - beginning) / 1000, 0.1)
    }).pipe(Effect.provide(world(seldom))),
  )
})
