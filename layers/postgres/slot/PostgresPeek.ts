/** Reads the slot without confirming: the next peek returns the same lines. */
import { Effect, Schedule, Stream } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import { longLineBytes } from "../../../src/core/slot/LongLine.ts"
import { LinePart, type PeekedLine, SlotLine } from "../../../src/core/slot/SlotLine.ts"
import type { ReadRequest } from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PeekLines } from "../../slot/TransactionReader.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { copyBinaryReader } from "../protocol/CopyBinary.ts"
import { lineFilter, quoteLiteral } from "./LineFilter.ts"

/**
 * A message is sent without its content, because only its line counts: it may hold any bytes, and a server whose database is not
 * in UTF-8 fails to convert some.
 */
const peekSql = (slot: string, request: ReadRequest): string =>
  `COPY (SELECT lsn, ordinality, CASE WHEN starts_with(data, 'message: ') THEN 'message:' ELSE data END
           FROM pg_logical_slot_peek_changes(${quoteLiteral(slot)}, ${quoteLiteral(Lsn.print(request.upTo))}, ${request.maxLines},
                'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')
                WITH ORDINALITY AS line(lsn, xid, data, ordinality)
          WHERE ${lineFilter(request)}) TO STDOUT (FORMAT binary)`

/**
 * Makes the server flush its WAL. WAL that no session waits for is flushed by pages, so that the flushed part can end inside of
 * a record: of an open transaction, of an asynchronous commit (`synchronous_commit = off`), or of a read itself. PostgreSQL's
 * read of the slot would wait for the rest, up to some 20 s on a quiet server. A commit of ours flushes it at once: it needs an
 * id, and no slot returns it.
 */
const askForFlush = (session: PostgresSession) =>
  session.query(
    "server",
    "SELECT CASE WHEN pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() THEN pg_current_xact_id() END",
  )

/** Reads the answer to `peekSql`. Lines of more than `longLineBytes` arrive in parts. */
const lineReader = (onLine: (line: PeekedLine) => void) => {
  const ordinalAt = (bytes: Buffer, at: number) =>
    bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
  let long = { ordinal: 0, lsn: Lsn.Lsn.make(0n), isFirst: true }
  return copyBinaryReader(
    (bytes, bounds) => {
      const ordinal = ordinalAt(bytes, bounds[2] ?? 0)
      onLine(new SlotLine(ordinal, bytes, bounds[0] ?? 0, bounds[4] ?? 0, bounds[5] ?? 0))
    },
    {
      begin: (bytes, bounds) => {
        const lsn = Lsn.Lsn.make(bytes.readBigUInt64BE(bounds[0] ?? 0))
        long = { ordinal: ordinalAt(bytes, bounds[2] ?? 0), lsn, isFirst: true }
      },
      part: (bytes, isLast) => {
        onLine(new LinePart(long.ordinal, long.lsn, bytes, long.isFirst, isLast))
        long.isFirst = false
      },
    },
    longLineBytes,
  )
}

export const peek =
  (session: PostgresSession, subject: string, slot: string): PeekLines =>
  (request) =>
    Stream.suspend(() => {
      let lines: Array<PeekedLine> = []
      const reader = lineReader((line) => lines.push(line))
      const cutShort = new SourceError({
        reason: "Interrupted",
        subject,
        detail: "the answer ended before its end marker",
      })
      return Stream.fromEffectDrain(askForFlush(session)).pipe(
        Stream.concat(session.copy(subject, peekSql(slot, request))),
        Stream.map((chunk) => {
          lines = []
          reader.push(chunk)
          return lines
        }),
        Stream.concat(Stream.suspend(() => (reader.ended() ? Stream.empty : Stream.fail(cutShort)))),
      )
    })

/** More than the server's WAL writer needs to flush WAL that no session waits for. */
const flushTimeout = "30 seconds"

/** Waits until the WAL is flushed up to `lsn`. */
export const flushedTo = (session: PostgresSession, lsn: Lsn.Lsn): Effect.Effect<void, SourceError> =>
  Effect.gen(function* () {
    const isThere = Effect.map(
      session.query("server", "SELECT (pg_current_wal_flush_lsn() >= $1::pg_lsn)::text AS there", [
        Lsn.print(lsn),
      ]),
      (rows) => rows[0]?.["there"] === "true",
    )
    if (yield* isThere) return
    yield* askForFlush(session)
    yield* isThere.pipe(
      Effect.repeat({ until: (there) => there, schedule: Schedule.spaced("50 millis") }),
      Effect.timeoutOrElse({
        duration: flushTimeout,
        orElse: () =>
          new SourceError({
            reason: "Interrupted",
            subject: "server",
            detail: `its WAL did not reach the disk up to ${Lsn.print(lsn)} within ${flushTimeout}`,
          }),
      }),
    )
  })
