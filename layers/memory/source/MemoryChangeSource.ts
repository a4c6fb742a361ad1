/** The changes of the PostgreSQL in memory. */
import { Effect, Exit, Layer, Option, Stream } from "effect"
import { longLineBytes } from "../../../src/core/slot/LongLine.ts"
import { LinePart, type PeekedLine, type SlotLine } from "../../../src/core/slot/SlotLine.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { Spool } from "../../../src/services/Spool.ts"
import { type ChangeSession, ChangeSource } from "../../../src/services/source/ChangeSource.ts"
import type { RelationsAsked } from "../../../src/services/source/SourceTables.ts"
import { type PeekLines, transactionReader } from "../../slot/TransactionReader.ts"
import { MemoryPostgres } from "../postgres/MemoryPostgres.ts"
import type { MemorySession } from "../postgres/MemorySessions.ts"
import type { IsKnown } from "../postgres/MemoryWal.ts"
import { unfencedLock } from "./MemoryReplicationSlot.ts"

/** Few, so that small tests have many chunks. */
const linesPerChunk = 16

/** About the size of a chunk from a socket. */
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

export const layer = (name: string): Layer.Layer<ChangeSource, never, MemoryPostgres | Spool> =>
  Layer.effect(
    ChangeSource,
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const spool = yield* Spool
      const { slots, sessions } = server
      const isKnown: IsKnown = (one, since) => server.isKnown(one, since)
      const connect = sessions.connect("cdc")

      /** The members that need no lock. */
      const reading = (session: MemorySession) => {
        const inside = sessions.inside(session)
        const asking = <A>(answer: () => A) => Effect.andThen(inside, Effect.sync(answer))
        const peek: PeekLines = (request) =>
          Stream.fromEffect(Effect.andThen(inside, slots.peek(name, request, isKnown))).pipe(
            Stream.flatMap((lines) => Stream.fromIterable(chunked(lines.flatMap(inParts)))),
            // A session can end in the middle of an answer.
            Stream.mapEffect((chunk) => Effect.as(inside, chunk)),
            // The rest of an answer cannot be skipped, so the session ends.
            Stream.onExit((exit) => Effect.sync(() => Exit.isFailure(exit) && sessions.cut(session))),
          )
        return {
          source: server.identity,
          timeline: server.timeline,
          relations: (asked: RelationsAsked) => asking(() => server.relations(asked)),
          unknownNames: (names: ReadonlyArray<TableName>, since: bigint) =>
            asking(() => names.filter((one) => !isKnown(one, since))),
          keptColumns: (oid: number, since: bigint) => asking(() => server.keptColumns(oid, since)),
          readState: asking(() => ({ slot: slots.state(name), flushed: server.wal.flushed })),
          readTransactions: transactionReader(spool, (request) => sessions.network(peek(request))),
          asking,
        }
      }

      const attach = Effect.gen(function* () {
        const session = yield* connect
        // Never beside a process of a version before the fence, also if that does not write.
        const isAlone =
          sessions.tryLock(name, session) && sessions.holdersTogether(unfencedLock(name)).length === 0
        if (!isAlone) return Option.none<ChangeSession>()
        const { asking, ...view } = reading(session)
        return Option.some<ChangeSession>({
          ...view,
          ended: sessions.ended(session),
          oldestXid: asking(() => server.oldestXid()),
          newXid: asking(() => server.newXid()),
          confirm: (lsn) => Effect.andThen(sessions.inside(session), slots.advance(name, lsn)),
        })
      })

      const visit = Effect.map(connect, (session) => {
        const { asking, ...view } = reading(session)
        // A visible commit is on disk here.
        return {
          ...view,
          flushedTo: () => asking(() => undefined),
          oldestTransaction: asking(() => server.oldestTransaction()),
        }
      })
      return ChangeSource.of({ attach, visit })
    }),
  )
