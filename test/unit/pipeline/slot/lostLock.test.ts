/** A writer whose session ended while it wrote: the lock is free, and somebody else may write the same rows by now. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { SentLines } from "../../../../layers/memory/postgres/MemorySessions.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import {
  ana,
  cdcForEver,
  gated,
  incKeys,
  shop,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** All sessions are gone, and the lock is another's. */
const loseLock = (server: MemoryServer) =>
  Effect.sync(() => {
    server.sessions.killAll()
    server.sessions.tryLock(slotName, { purpose: "another", pid: 0, askedAt: 0 })
  })

/** The source, but the session's end is not heard of: as where the network has swallowed it. */
const swallowingTheEnd = Effect.map(ChangeSource, (source) =>
  ChangeSource.of({
    ...source,
    attach: Effect.map(
      source.attach,
      Option.map((session) => ({ ...session, ended: Effect.never })),
    ),
  }),
)

/** When it has sent everything, the session is gone and the lock is another's; then `lost` is run. */
const losesItsLock =
  (server: MemoryServer, lost: Effect.Effect<unknown>) =>
  (sent: SentLines): SentLines =>
    Stream.onEnd(sent, Effect.andThen(loseLock(server), lost))

/** The session is gone and the lock is another's by the time what it has sent is read. */
const lostItsLock =
  (server: MemoryServer, lost: Effect.Effect<unknown>) =>
  (sent: SentLines): SentLines =>
    Stream.unwrap(
      Effect.map(
        Effect.tap(Stream.runCollect(sent), Effect.andThen(loseLock(server), lost)),
        Stream.fromIterable,
      ),
    )

describe("cdc", () => {
  it.effect("takes its objects back when its session ends while the lake hesitates", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const [hesitates, visible] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const lake = gated(Effect.andThen(Deferred.succeed(hesitates, undefined), Deferred.await(visible)))
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* started(Effect.provideServiceEffect(cdcForEver, ObjectStore, lake))
      yield* Deferred.await(hesitates)
      yield* loseLock(server)
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(visible, undefined)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("makes nothing visible once its session has ended", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const lost = yield* Deferred.make<void>()
      server.sessions.network = losesItsLock(server, Deferred.succeed(lost, undefined))
      yield* started(Effect.provideServiceEffect(cdcForEver, ChangeSource, swallowingTheEnd))
      yield* Deferred.await(lost)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("makes nothing visible then either where the columns change in the middle of the batch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      clientes.addColumn({ name: "novo", type: "text", nullable: true })
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "2" }))
      const lost = yield* Deferred.make<void>()
      server.sessions.network = lostItsLock(server, Deferred.succeed(lost, undefined))
      yield* started(Effect.provideServiceEffect(cdcForEver, ChangeSource, swallowingTheEnd))
      yield* Deferred.await(lost)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )
})
