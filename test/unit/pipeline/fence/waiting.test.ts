/** Lakes that older versions wrote, and stores that honour no conditions: a take-over waits, and says so. */

import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { unfencedLock } from "../../../../layers/memory/source/MemoryReplicationSlot.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  failureOf,
  incKeys,
  lakeKeys,
  nthWatermark,
  put,
  shop,
  slotName,
  started,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const minute = 60

/** Seconds until the program has ended. */
const secondsOf = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* started(program)
    let seconds = 0
    for (; fiber.pollUnsafe() === undefined && seconds < 300; seconds++) yield* TestClock.adjust("1 second")
    assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 0)
    return seconds
  })

/** A store that takes every write, whatever its condition says. */
const ignoringConditions = Effect.map(ObjectStore, (store) =>
  ObjectStore.of({
    ...store,
    honoursConditions: () => Effect.succeed(false),
    replace: () => Effect.die("a condition was sent to a store that ignores them"),
  }),
)
const unfenced = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(program, ObjectStore, ignoringConditions)

const line = (key: string) =>
  Effect.map(watermarkLines, (lines) => lines.find((one) => one.startsWith(`${key}=`)))

describe("a take-over", () => {
  it.effect("waits for a minute where an older version wrote last, and then goes on by epoch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const done = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* put("inc/_watermark.txt", `${Lsn.print(done)}\nslot=data_sync_slot\n`)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      assert.isAtLeast(yield* secondsOf(cdcOnce), minute)
      assert.deepStrictEqual(yield* incKeys, ["inc/date=20251103/cdc_20251103_101630.csv"])
      assert.strictEqual(yield* line("epoch"), "epoch=1")
      assert.isBelow(yield* secondsOf(cdcOnce), 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("goes on from what an older version has written while it waited", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const first = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* put("inc/_watermark.txt", `${Lsn.print(first)}\n`)
      const second = yield* server.transact((tx) => tx.insert(clientes, bia))
      const fiber = yield* started(cdcOnce)
      yield* TestClock.adjust("59 seconds")
      yield* put("inc/_watermark.txt", `${Lsn.print(second)}\n`)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 0)
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("waits where the lake has objects and lost its watermark, and never on a new lake", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      assert.isBelow(yield* secondsOf(cdcOnce), 2)
      yield* Effect.flatMap(StoreAdmin, ({ remove }) => remove("inc/_watermark.txt"))
      assert.isAtLeast(yield* secondsOf(cdcOnce), minute)
    }).pipe(Effect.provide(world())),
  )

  it.effect("changes nothing in the lake where it is refused", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("inc/_watermark.txt", "0/16B3748\nslot=another_slot\n")
      yield* failureOf(cdcOnce)
      assert.deepStrictEqual(yield* lakeKeys, ["inc/_watermark.txt"])
      assert.deepStrictEqual(yield* watermarkLines, ["0/16B3748", "slot=another_slot"])
    }).pipe(Effect.provide(world())),
  )
})

describe("an announcement that a dead writer has left", () => {
  it.effect(
    "names nothing once all is read that the writer can have sent: a lake may be quiet for months",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        yield* server.transact((tx) => tx.insert(clientes, ana))
        const dying = nthWatermark(3, () => Effect.interrupt)
        yield* ended(Effect.provideServiceEffect(cdcOnce, WatermarkStore, dying))
        assert.strictEqual(yield* line("next"), "next=20251103_101530.csv")
        const fiber = yield* started(cdcForEver)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* line("next"), undefined)
        yield* TestClock.adjust("90 days")
        yield* server.transact((tx) => tx.insert(clientes, bia))
        yield* TestClock.adjust("2 hours")
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(
          (yield* incKeys).map((key) => key.slice(0, "inc/date=20260201".length)),
          ["inc/date=20251103", "inc/date=20260201"],
        )
      }).pipe(Effect.provide(world({ POLL_INTERVAL: "1 hour" }))),
  )
})

describe("a store that honours no conditions", () => {
  it.effect("is never asked for one, and no name is announced there", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* unfenced(ended(cdcOnce))
      assert.strictEqual(yield* line("next"), undefined)
      assert.strictEqual(yield* line("clean"), "clean=yes")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect(
    "is told from the first watermark on that requests may be under way, until the slot is drained",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        yield* unfenced(ended(cdcOnce))
        const told: Array<string> = []
        const watched = Effect.map(WatermarkStore, (store) =>
          WatermarkStore.of({
            ...store,
            overwrite: (watermark) =>
              Effect.andThen(
                Effect.sync(() => told.push(Option.exists(watermark.clean, (clean) => clean) ? "yes" : "no")),
                store.overwrite(watermark),
              ),
          }),
        )
        const watchedOnce = Effect.provideServiceEffect(cdcOnce, WatermarkStore, watched)
        yield* unfenced(ended(watchedOnce))
        yield* server.transact((tx) => tx.insert(clientes, ana))
        yield* unfenced(ended(watchedOnce))
        // A take-over whose PUT comes late would else say of its successor that nothing is under way.
        assert.deepStrictEqual(told, ["no", "yes", "no", "yes"])
      }).pipe(Effect.provide(world())),
  )

  it.effect("is not waited for where the writer before has drained the slot", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* unfenced(ended(cdcOnce))
      assert.isBelow(yield* unfenced(secondsOf(cdcOnce)), 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("is given a minute where the writer before died with requests under way", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const dying = Effect.map(ignoringConditions, (store) =>
        ObjectStore.of({
          ...store,
          create: () => Effect.interrupt,
        }),
      )
      yield* ended(Effect.provideServiceEffect(cdcOnce, ObjectStore, dying))
      assert.strictEqual(yield* line("clean"), "clean=no")
      assert.isAtLeast(yield* unfenced(secondsOf(cdcOnce)), minute)
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.provide(world())),
  )
})

describe("beside a process of an older version", () => {
  /** Its session, by which it is seen. */
  const older = Effect.gen(function* () {
    const { sessions } = yield* MemoryPostgres
    const session = yield* sessions.connect("older cdc")
    assert.isTrue(sessions.tryLockShared(unfencedLock(slotName), session))
    return session
  })

  it.effect("a writer stays standby until that has gone", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const session = yield* older
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* started(cdcForEver)
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* incKeys, [])
      server.sessions.cut(session)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.scoped, Effect.provide(world())),
  )

  it.effect("a writer that has waited goes back to standby, and has written nothing", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const done = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* put("inc/_watermark.txt", `${Lsn.print(done)}\n`)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* started(cdcForEver)
      yield* TestClock.adjust("30 seconds")
      // A restart of PostgreSQL ended its sessions: they come back after those of this process.
      const session = yield* older
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* watermarkLines, [Lsn.print(done)])
      assert.isUndefined(server.sessions.holder(slotName))
      server.sessions.cut(session)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* incKeys).length, 1)
    }).pipe(Effect.scoped, Effect.provide(world())),
  )
})

describe("a writer that is fenced out", () => {
  const fenced = Effect.fail(
    new StoreError({
      reason: "Fenced",
      subject: "inc/_watermark.txt",
      detail: "another writer has replaced it",
    }),
  )

  it.effect("takes over anew", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const once = nthWatermark(3, () => fenced)
      assert.strictEqual(
        exitCode(yield* ended(Effect.provideServiceEffect(cdcOnce, WatermarkStore, once))),
        0,
      )
      assert.strictEqual((yield* incKeys).length, 1)
      assert.strictEqual(yield* line("epoch"), "epoch=2")
    }).pipe(Effect.provide(world())),
  )

  it.effect("is refused when that happens three times within a minute while it holds its lock", () =>
    Effect.gen(function* () {
      yield* shop
      const always = Effect.map(WatermarkStore, (store) =>
        WatermarkStore.of({ ...store, replace: () => fenced }),
      )
      const exit = yield* ended(Effect.provideServiceEffect(cdcForEver, WatermarkStore, always))
      assert.strictEqual(exitCode(exit), 3)
    }).pipe(Effect.provide(world())),
  )
})
