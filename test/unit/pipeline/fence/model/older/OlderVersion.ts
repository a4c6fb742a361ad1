/**
 * A process of the version before the fence: one lock, names of its own, and a watermark that replaces whatever stands there.
 * Its steps are in the order of that version: look, objects, look, watermark, slot.
 */
import { Clock, Effect, Option, Sink, Stream } from "effect"
import { MemoryPostgres } from "../../../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { MemorySession } from "../../../../../../layers/memory/postgres/MemorySessions.ts"
import { unfencedLock } from "../../../../../../layers/memory/source/MemoryReplicationSlot.ts"
import { transactionReader } from "../../../../../../layers/slot/TransactionReader.ts"
import { incObjects } from "../../../../../../src/cdc/rows/IncObjects.ts"
import * as Lsn from "../../../../../../src/core/Lsn.ts"
import { nextStamp } from "../../../../../../src/core/lake/ObjectKey.ts"
import type { SourceTable } from "../../../../../../src/core/source/SourceTable.ts"
import { RowFormat } from "../../../../../../src/services/lake/RowFormat.ts"
import { Spool } from "../../../../../../src/services/Spool.ts"
import type { Transaction } from "../../../../../../src/services/source/Transaction.ts"
import { slotName } from "../../../../../support/memory/memoryWorld.ts"
import { lookFrom, movedTo, type Place, resume, writeWatermark } from "./OlderPlace.ts"

export interface OlderVersion {
  readonly tables: ReadonlyArray<SourceTable>
  /** In slot lines. */
  readonly maxLines: number
  /** Whether its watermark has line 1 alone. */
  readonly isBare: boolean
  /** Whether it is seen by its lock, as every such process is. */
  readonly isSeen: boolean
  /**
   * Ends when no request of an older version is under way. That version doubles rows by itself where it goes on before; what
   * is tried here is what a newer one does beside it.
   */
  readonly arrived: Effect.Effect<void>
}

const batch = Effect.fnUntraced(function* (session: MemorySession, place: Place, older: OlderVersion) {
  const server = yield* MemoryPostgres
  const { ending } = yield* RowFormat
  const { watermark, tails } = place
  const look = Effect.provideService(lookFrom(session, Option.some(watermark)), MemoryPostgres, server)
  const { flushed } = yield* look
  if (flushed <= place.readUpTo) return place
  const request = { upTo: flushed, maxLines: older.maxLines, tables: older.tables.map(({ table }) => table) }
  const objects = yield* incObjects(tails, "datasets", {
    ensureLockHeld: look,
    publish: "looked up",
    keepsSchemas: false,
    nameObject: (newest) =>
      Effect.map(Clock.currentTimeMillis, (now) => ({ stamp: nextStamp(newest, now), ending })),
  })
  const read = transactionReader(yield* Spool, () => Stream.fromEffect(server.slots.peek(slotName, request)))
  const isNew = ({ commit }: Transaction) => commit > watermark.position
  const { result: rows, isCut } = yield* read(
    request,
    Sink.mapInput(objects, (all: ReadonlyArray<Transaction>) => all.filter(isNew)),
  )
  const readUpTo = Option.getOrElse(rows.readUpTo, () => watermark.position)
  yield* look
  const written = yield* rows.commit
  if (written.length === 0 && !isCut) return { ...place, readUpTo: flushed }
  const moved = isCut
    ? movedTo(place, readUpTo, place.readUpTo, written)
    : movedTo(place, Lsn.max(flushed, readUpTo), flushed, written)
  yield* look
  yield* writeWatermark(moved.watermark, older.isBare)
  yield* server.sessions.inside(session)
  yield* server.slots.advance(slotName, moved.watermark.position)
  return moved
}, Effect.scoped)

/** From taking the lock to the first failure. */
const write = Effect.fnUntraced(function* (older: OlderVersion) {
  const { sessions } = yield* MemoryPostgres
  yield* older.arrived
  const session = yield* sessions.connect("older cdc")
  if (!sessions.tryLock(slotName, session)) return
  const writing = Effect.gen(function* () {
    let place: Place = yield* resume(session, older.tables, older.isBare)
    while (true) {
      place = yield* batch(session, place, older)
      yield* Effect.sleep("1 second")
    }
  })
  return yield* Effect.raceFirst(writing, sessions.ended(session))
}, Effect.scoped)

const beSeen = Effect.gen(function* () {
  const { sessions } = yield* MemoryPostgres
  const session = yield* sessions.connect("older cdc presence")
  if (sessions.tryLockShared(unfencedLock(slotName), session)) return yield* sessions.ended(session)
}).pipe(Effect.scoped, Effect.ignore, Effect.andThen(Effect.sleep("250 millis")), Effect.forever)

/** Runs until it is interrupted, or refused. */
export const olderVersion = (older: OlderVersion) =>
  Effect.gen(function* () {
    if (older.isSeen) yield* Effect.forkScoped(beSeen)
    while (true) {
      yield* Effect.catchIf(
        write(older),
        (error) => error._tag !== "Refusal" && error.isRetryable,
        () => Effect.void,
      )
      yield* Effect.sleep("1 second")
    }
  }).pipe(Effect.scoped)
