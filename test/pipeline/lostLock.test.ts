/** A writer whose session ended while it wrote: the lock is free, and somebody else may write the same rows by now. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../layers/MemoryPostgres.ts"
import { ObjectStore } from "../../src/services/ObjectStore.ts"
import { ReplicationSlot } from "../../src/services/ReplicationSlot.ts"
import { cdcForEver, incKeys, shop, slotName, started, world } from "../support/memoryWorld.ts"

const ana = { id: "1", nome: "Ana", ativo: "true" }

/** All sessions are gone, and the lock is another's. */
const loseLock = (server: MemoryServer) =>
  Effect.sync(() => {
    server.sessions.killAll()
    server.sessions.tryLock(slotName, { purpose: "another" })
  })

/** The slot, but when it has told everything the session is gone and the lock is another's. */
const losesItsLock = (server: MemoryServer) =>
  Effect.map(ReplicationSlot, (slot) =>
    ReplicationSlot.of({
      ...slot,
      attach: Effect.map(
        slot.attach,
        Option.map((session) => ({
          ...session,
          peek: (request) => Stream.onEnd(session.peek(request), loseLock(server)),
        })),
      ),
    }),
  )

/** The lake, but it takes long to make an object visible. */
const slow = (visible: Effect.Effect<void>) =>
  Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      create: (key) =>
        Effect.map(store.create(key), (writer) => ({
          ...writer,
          commit: Effect.andThen(visible, writer.commit),
        })),
    }),
  )

describe("cdc", () => {
  it.effect("takes its objects back when its session ends while the lake hesitates", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const visible = yield* Deferred.make<void>()
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* started(cdcForEver.pipe(Effect.provideServiceEffect(ObjectStore, slow(Deferred.await(visible)))))
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
      yield* started(cdcForEver.pipe(Effect.provideServiceEffect(ReplicationSlot, losesItsLock(server))))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )
})
