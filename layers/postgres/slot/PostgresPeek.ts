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
 * Lines of tables that nobody asked for stay on the server; they are numbered before, so `seq` does not depend on it.
 * So does BEGIN, which says nothing that COMMIT does not: a third of the lines where transactions are of one row.
 * A TRUNCATE names several tables on one line, so each of them is let through (they end with their flags).
 * Of a message only the line is needed, for the bound: what it holds may be any bytes, and where the database is not in
 * UTF-8, the server fails to convert some.
 * COPY takes no parameters: the names are literals here, quoted once as text and once by `quote_ident`, with which
 * the plugin itself prints them.
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

/** Both names of a line of one table as it begins, in quotes where they need them. */
const identifier = `(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")`

/** Longer than the beginning of any line, up to behind its names: a pattern is tried on a copy of the text. */
const namesEnd = 6 + 2 * (2 * 63 + 2) + 3

/**
 * Lines under names that no relation has borne since then. One whose names cannot be told is sent. A CASE, because a pattern
 * must not be tried on messages.
 */
const isUnknown = (since: bigint): string =>
  `CASE WHEN starts_with(data, 'table ')
        THEN (substring(left(data, ${namesEnd}) from '^table (${identifier}[.]${identifier}): ')
              IN (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM ${knownSince(since)})) IS NOT TRUE
        ELSE false END`

const peekSql = (slot: string, request: ReadRequest): string =>
  `COPY (SELECT lsn, ordinality, CASE WHEN starts_with(data, 'message: ') THEN 'message:' ELSE data END
           FROM pg_logical_slot_peek_changes(${quoteLiteral(slot)}, ${quoteLiteral(Lsn.print(request.upTo))}, ${request.maxLines},
                'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')
                WITH ORDINALITY AS line(lsn, xid, data, ordinality)
          WHERE ${concerns(request.tables)}${request.unknownSince === undefined ? "" : ` OR ${isUnknown(request.unknownSince)}`}) TO STDOUT (FORMAT binary)`

/**
 * The WAL is written to disk by pages where nobody waits for it, so that its end there can lie inside of a record: of a
 * transaction still open, of a commit that did not wait (`synchronous_commit = off`), or of what reading leaves behind.
 * PostgreSQL's reading of the slot would wait for the rest, up to some 20 s on a quiet server. A commit of ours has it
 * brought to disk within a moment: it needs an id, and no slot tells of it.
 */
const askForFlush = (session: PostgresSession) =>
  session.query(
    "server",
    "SELECT CASE WHEN pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() THEN pg_current_xact_id() END",
  )

/** The answer to `peekSql`, with lines of more than `longLineBytes` in parts. */
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

/** More than the server's background writer takes to flush by itself what nobody waits for. */
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
