/** The logical slot of the PostgreSQL in memory. */
import { Clock, Effect, Exit, Layer, Option, Stream } from "effect"
import { longLineBytes } from "../../../src/core/slot/LongLine.ts"
import { LinePart, type PeekedLine, type SlotLine } from "../../../src/core/slot/SlotLine.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import {
  type LivenessLock,
  type LockHolder,
  type PeekRequest,
  ReplicationSlot,
  type SlotDrop,
  type SlotSession,
  type SlotState,
} from "../../../src/services/source/ReplicationSlot.ts"
import type { RelationsAsked } from "../../../src/services/source/SourceTables.ts"
import { MemoryPostgres } from "./MemoryPostgres.ts"
import type { MemorySession } from "./MemorySessions.ts"
import type { IsKnown } from "./MemoryWal.ts"

/** Few, so that small tests have many chunks. */
const linesPerChunk = 16

/** As they come from a socket. */
const partBytes = 100_000

const inParts = (line: SlotLine): ReadonlyArray<PeekedLine> => {
  const { ordinal, lsn, length } = line
  if (length <= longLineBytes) return [line]
  return Array.from({ length: Math.ceil(length / partBytes) }, (_, i) => {
    const from = line.start + i * partBytes
    const bytes = line.bytes.subarray(from, Math.min(from + partBytes, line.end))
    return new LinePart(ordinal, lsn, bytes, i === 0, (i + 1) * partBytes >= length)
  })
}

const chunked = (lines: ReadonlyArray<PeekedLine>): ReadonlyArray<ReadonlyArray<PeekedLine>> =>
  Array.from({ length: Math.ceil(lines.length / linesPerChunk) }, (_, i) =>
    lines.slice(i * linesPerChunk, (i + 1) * linesPerChunk),
  )

/** Held together by the processes of versions before the fence. */
export const unfencedLock = (slot: string): string => `${slot}/present`

export const layer = (name: string): Layer.Layer<ReplicationSlot, never, MemoryPostgres> =>
  Layer.effect(
    ReplicationSlot,
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const { slots, sessions } = server
      const isKnown: IsKnown = (one, since) => server.isKnown(one, since)
      const connect = sessions.connect("cdc")
      const presence = `${name}/lives`
      const unfenced = unfencedLock(name)
      const unfencedProcesses = () =>
        sessions.holdersTogether(unfenced).map(({ pid, purpose }) => ({ pid, application: purpose }))
      const state = Effect.sync((): Option.Option<SlotState> => {
        const slot = slots.find(name)
        return Option.fromUndefinedOr(
          slot && {
            confirmed: slot.confirmed,
            restart: Option.some(slot.confirmed),
            walStatus: slot.walStatus,
          },
        )
      })

      /** What needs no lock. */
      const reading = (session: MemorySession, inside = sessions.inside(session)) => ({
        source: server.identity,
        timeline: server.timeline,
        relations: (asked: RelationsAsked) =>
          Effect.andThen(
            inside,
            Effect.sync(() => server.relations(asked)),
          ),
        unknownNames: (names: ReadonlyArray<TableName>, since: bigint) =>
          Effect.andThen(
            inside,
            Effect.sync(() => names.filter((one) => !isKnown(one, since))),
          ),
        keptColumns: (oid: number, since: bigint) =>
          Effect.andThen(
            inside,
            Effect.sync(() => server.keptColumns(oid, since)),
          ),
        readState: Effect.andThen(
          inside,
          Effect.map(state, (slot) => ({ slot, flushed: server.wal.flushed })),
        ),
        peek: (request: PeekRequest) =>
          Stream.fromEffect(Effect.andThen(inside, slots.peek(name, request, isKnown))).pipe(
            Stream.flatMap((lines) => Stream.fromIterable(chunked(lines.flatMap(inParts)))),
            // A session can end in the middle of an answer.
            Stream.mapEffect((chunk) => Effect.as(inside, chunk)),
            // What is left of an answer cannot be skipped: the session goes with it.
            Stream.onExit((exit) => Effect.sync(() => Exit.isFailure(exit) && sessions.cut(session))),
          ),
      })

      const takeLivenessLock = Effect.map(sessions.connect("cdc presence"), (session) =>
        sessions.tryLockShared(presence, session)
          ? Option.some<LivenessLock>({ ended: sessions.ended(session) })
          : Option.none<LivenessLock>(),
      )

      const attach = Effect.gen(function* () {
        const session = yield* connect
        // Not beside a process of a version before the fence, whether it writes or not.
        const isAlone = sessions.tryLock(name, session) && unfencedProcesses().length === 0
        if (!isAlone) return Option.none<SlotSession>()
        const inside = sessions.inside(session)
        const read = reading(session, inside)
        return Option.some<SlotSession>({
          ...read,
          readStateElsewhere: read.readState,
          ended: sessions.ended(session),
          oldestXid: Effect.andThen(
            inside,
            Effect.sync(() => server.oldestXid()),
          ),
          newXid: Effect.andThen(
            inside,
            Effect.sync(() => server.newXid()),
          ),
          advance: (lsn) => Effect.andThen(inside, slots.advance(name, lsn)),
        })
      })

      const lockHolder = Effect.map(Clock.currentTimeMillis, (now) =>
        Option.map(
          Option.fromUndefinedOr(sessions.holder(name)),
          ({ pid, purpose, askedAt }): LockHolder => ({
            pid,
            application: `afluente ${purpose}`,
            // It is read within a moment.
            isSlotActive: false,
            idleSeconds: Option.some((now - askedAt) / 1000),
          }),
        ),
      )

      const briefly = <A>(use: Effect.Effect<A>) => Effect.scoped(Effect.andThen(connect, use))
      return ReplicationSlot.of({
        name,
        create: briefly(Effect.sync(() => slots.create(name))),
        state: briefly(state),
        drop: Effect.scoped(
          Effect.map(connect, (session): SlotDrop => {
            if (slots.find(name) === undefined) return "missing"
            const isAlone = [presence, unfenced, name].every((lock) => sessions.tryLock(lock, session))
            if (!isAlone) return { by: Option.none() }
            slots.drop(name)
            return "dropped"
          }),
        ),
        attach,
        lockHolder: Effect.scoped(Effect.andThen(connect, lockHolder)),
        unfencedProcesses: briefly(Effect.sync(unfencedProcesses)),
        takeLivenessLock,
        visit: Effect.map(connect, (session) => ({
          ...reading(session),
          // A commit here is on the disk when it is seen.
          flushedTo: () => sessions.inside(session),
        })),
      })
    }),
  )
