/** Reads the slot without confirming: the next peek returns the same lines. */
import { Effect, Schedule, Stream } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import { longLineBytes } from "../../../src/core/slot/LongLine.ts"
import { LinePart, type PeekedLine, SlotLine } from "../../../src/core/slot/SlotLine.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type { ReadRequest } from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PeekLines } from "../../slot/TransactionReader.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { knownSince } from "../tables/PostgresKnownNames.ts"
import { copyBinaryReader } from "./CopyBinary.ts"

const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * The condition that keeps lines of other tables on the server. Lines are numbered before, so that `seq` does not depend on it.
 * BEGIN stays there too, because COMMIT has the same facts: it is a third of the lines if transactions have one row.
 * A TRUNCATE names several tables on one line, so each TRUNCATE is sent (such lines end with their flags).
 * A message is sent without its content, because only its line counts: it may hold any bytes, and a server whose database is
 * not in UTF-8 fails to convert some.
 * COPY has no parameters: the names are literals, quoted as text and by `quote_ident`, with which the plugin prints them.
 */
const concerns = (tables: ReadonlyArray<TableName>): string =>
  [
    "NOT (starts_with(data, 'table ') OR starts_with(data, 'BEGIN '))",
    ...tables.map(
      ({ schema, name }) =>
        `starts_with(data, 'table ' || quote_ident(${quoteLiteral(schema)}) || '.' || quote_ident(${quoteLiteral(name)}) || ': ')`,
    ),
    "right(data, 60) LIKE '%: TRUNCATE:%'",
  ].join(" OR ")

/** In characters. No line's names end later. A search copies the text, so only this much of it is searched. */
const namesEnd = 6 + 2 * (2 * 63 + 2) + 3

/**
 * The condition for lines under names that no relation has had since then. True also for a name with ": " in it, which no
 * comparison finds. Costs some 2 µs a line of other tables; a pattern match costs eight times that. A CASE, because BEGIN
 * must not be compared.
 */
const isUnknown = (since: bigint): string =>
  `CASE WHEN starts_with(data, 'table ')
        THEN (split_part(left(data, ${namesEnd}), ': ', 1)
              IN (SELECT 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM ${knownSince(since)})) IS NOT TRUE
        ELSE false END`

const peekSql = (slot: string, request: ReadRequest): string =>
  `COPY (SELECT lsn, ordinality, CASE WHEN starts_with(data, 'message: ') THEN 'message:' ELSE data END
           FROM pg_logical_slot_peek_changes(${quoteLiteral(slot)}, ${quoteLiteral(Lsn.print(request.upTo))}, ${request.maxLines},
                'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')
                WITH ORDINALITY AS line(lsn, xid, data, ordinality)
          WHERE ${concerns(request.tables)}${request.unknownSince === undefined ? "" : ` OR ${isUnknown(request.unknownSince)}`}) TO STDOUT (FORMAT binary)`

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
