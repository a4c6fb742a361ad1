/** Beside another reader of the slot, which holds it for a while. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Option, Sink } from "effect"
import { TestClock } from "effect/testing"
import { retryWhileSlotInUse } from "../../../../src/cdc/writer/RetryWhileSlotInUse.ts"
import { healthOf } from "../../../../src/observe/Health.ts"
import { CurrentStatus, layer as observed } from "../../../../src/observe/ObservedPipeline.ts"
import { type ChangeSession, ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import {
  ana,
  beginning,
  cdcForEver,
  incKeys,
  shop,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

const inUse = new SourceError({
  reason: "SlotInUse",
  subject: `slot "${slotName}"`,
  detail: "replication slot is active for PID 7",
})

/** The slot, which another one reads for the first `seconds`. Counts the sessions that were let in. */
const takenFor = Effect.fnUntraced(function* (seconds: number) {
  const source = yield* ChangeSource
  const seen = { sessions: 0 }
  const isTaken = Effect.map(Clock.currentTimeMillis, (now) => now < beginning + seconds * 1000)
  const refused = Effect.flatMap(isTaken, (taken) => (taken ? Effect.fail(inUse) : Effect.void))
  const beside = (session: ChangeSession): ChangeSession => {
    seen.sessions++
    return {
      ...session,
      readTransactions: (request, sink) => Effect.andThen(refused, session.readTransactions(request, sink)),
      confirm: (lsn) => Effect.andThen(refused, session.confirm(lsn)),
    }
  }
  const attach = Effect.map(source.attach, Option.map(beside))
  return { seen, taken: ChangeSource.of({ ...source, attach }) }
})

const run = Effect.fnUntraced(function* (seconds: number) {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => tx.insert(clientes, ana))
  const { seen, taken } = yield* takenFor(seconds)
  yield* started(Effect.provideService(cdcForEver, ChangeSource, taken))
  const { get } = yield* CurrentStatus
  return { seen, isWell: Effect.map(get, (status) => healthOf(status, beginning, 60_000).isWell) }
})

const observedWorld = Layer.merge(world(), observed)

describe("a cdc whose slot is read by another one", () => {
  it.effect("retries on the session that it has, and is well", () =>
    Effect.gen(function* () {
      const { seen, isWell } = yield* run(8)
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual([yield* incKeys, yield* isWell], [[], true])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual([(yield* incKeys).length, seen.sessions, yield* isWell], [1, 1, true])
    }).pipe(Effect.provide(observedWorld)),
  )

  it.effect("reports an error when the slot stays in use, and goes on when it is free", () =>
    Effect.gen(function* () {
      const { seen, isWell } = yield* run(25)
      yield* TestClock.adjust("15 seconds")
      assert.isFalse(yield* isWell)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual([(yield* incKeys).length, yield* isWell], [1, true])
      assert.isAtLeast(seen.sessions, 2)
    }).pipe(Effect.provide(observedWorld)),
  )

  it.effect("does not read again what its sink has taken, whatever the sink fails with", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const { attach } = yield* ChangeSource
      const session = Option.getOrThrow(yield* attach)
      let taken = 0
      const take = () => {
        taken++
        return Effect.fail(inUse)
      }
      const read = retryWhileSlotInUse(session).readTransactions(
        { upTo: server.wal.flushed, maxLines: 10, tables: [clientes.name] },
        Sink.forEach(take),
      )
      const failed = yield* started(Effect.flip(read))
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual([yield* Fiber.join(failed), taken], [inUse, 1])
    }).pipe(Effect.scoped, Effect.provide(world())),
  )
})
