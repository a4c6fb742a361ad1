/** A writer whose session ended while it wrote: the lock is free, and somebody else may write the same rows by now. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../layers/MemoryPostgres.ts"
import { ReplicationSlot } from "../../src/services/ReplicationSlot.ts"
import { cdcForEver, incKeys, shop, slotName, started, world } from "../support/memoryWorld.ts"

const ana = { id: "1", nome: "Ana", ativo: "true" }

/** The slot, but when it has told everything the session is gone and the lock is another's. */
const losesItsLock = (server: MemoryServer) =>
  Effect.map(ReplicationSlot, (slot) =>
    ReplicationSlot.of({
      ...slot,
      attach: Effect.map(
        slot.attach,
        Option.map((session) => ({
          ...session,
          peek: (request) =>
            Stream.onEnd(
              session.peek(request),
              Effect.sync(() => {
                server.sessions.killAll()
                server.sessions.tryLock(slotName, { purpose: "another" })
              }),
            ),
        })),
      ),
    }),
  )

describe("cdc", () => {
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
