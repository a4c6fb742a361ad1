/** Copies the rows of a table as PostgreSQL's own CSV, through one session or several. */
import { availableParallelism } from "node:os"
import { Effect, Option, type Scope, Stream } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { printTable, quoteIdentifier } from "../../../src/core/source/SourceTable.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { TableCopy, TableDescription } from "../../../src/services/source/SourceTables.ts"
import { connect, type PostgresSession } from "../connection/PostgresSession.ts"
import { freeRanges, inRanges, rangeCondition, rangesOf } from "./PostgresRowRanges.ts"
import { kindOf } from "./PostgresTableDescription.ts"
import { type Lockable, lockTable } from "./PostgresTableLocks.ts"

/**
 * The slot prints booleans as `true` and `false`, COPY as `t` and `f`: the cast makes COPY equal to the slot. Both print all
 * other types with the type's own output function.
 */
const selectSql = (description: TableDescription, kind: string): string => {
  const columns = description.columns.map(({ name, type }) => {
    const column = quoteIdentifier(name)
    return type === "boolean" ? `${column}::text AS ${column}` : column
  })
  // As in the WAL, the rows of child tables do not belong to the parent, which may be logged, unlogged or foreign. A
  // partitioned table has only the rows of its partitions. For a view ONLY makes no difference.
  const from = `${kind === "p" ? "" : "ONLY "}${printTable(description.table)}`
  return `SELECT ${columns.join(", ")} FROM ${from}`
}

/** Runs a copy's query without rows: the server checks every permission that the copy needs. */
export const readNothing = Effect.fnUntraced(function* (
  session: PostgresSession,
  description: TableDescription,
) {
  const { table } = description
  yield* session.query(
    `table ${printTable(table)}`,
    `${selectSql(description, yield* kindOf(session, table))} LIMIT 0`,
  )
})

const withHeader = (select: string): string => `COPY (${select}) TO STDOUT (FORMAT csv, HEADER)`
const rowsOnly = (select: string): string => `COPY (${select}) TO STDOUT (FORMAT csv)`

/** Beyond this the disks are the limit, the server's or the lake's, and other readers of the table become slower. */
const usualReadersMax = 4

/** Each reader of `full` writes an object of its own: 8 MB of blocks at least, so a table of less than 16 MB has one. */
export const usualBlocksPerReader = 1024

export interface WantedReaders {
  /** FULL_PARALLEL. */
  readonly parallel: Option.Option<number>
  readonly blocksPerReader: number
}

/**
 * `wanted` is FULL_PARALLEL. Default: one reader per two processors of this machine. The data of one session keeps more than
 * half a processor busy here: with two processors a second reader gained nothing in measurements (docs/performance.md).
 */
const readersFor = (wanted: Option.Option<number>): number =>
  Option.getOrElse(wanted, () =>
    Math.max(1, Math.min(usualReadersMax, Math.floor(availableParallelism() / 2))),
  )

/**
 * The table's number of blocks (the lock prevents a rewrite); whether block ranges can be read, because permissions on columns
 * do not cover `ctid`, which selects ranges; and the server's free connections, less one that is left for a person. Counts
 * sessions by their user, because this role may not read the kind of other roles' sessions.
 */
const capacitySql = `
  SELECT (pg_relation_size(to_regclass($1)) / current_setting('block_size')::int)::text AS blocks,
         (current_setting('server_version_num')::int >= 140000
           AND has_table_privilege(to_regclass($1), 'SELECT'))::text AS "readsRanges",
         (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL) - 1)::text AS free`

/**
 * Begins a transaction with one snapshot. The session may be idle while another reads a range with large values, or while the
 * lake is slow: an idle timeout would end the copy, so that it is switched off. The session still ends: the server notices
 * at once that a dead program's connection closed, and keep-alives detect a dead machine.
 */
export const beginSnapshot = (session: PostgresSession): Effect.Effect<void, SourceError> =>
  Effect.forEach(
    [
      "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
      "SET LOCAL idle_in_transaction_session_timeout = 0",
    ],
    (sql) => session.query("snapshot", sql),
    { discard: true },
  )

/** The session that holds the snapshot and the locks, and the snapshot's name for others. */
export interface SnapshotLead {
  readonly session: PostgresSession
  readonly exported: string
}

/** Opens one more session with the lead's snapshot; none if the server has no connection left, or an ALTER TABLE is queued. */
const follow = (address: SourceAddress, snapshot: string, table: Lockable) =>
  Effect.gen(function* () {
    const session = yield* connect(address, "snapshot reader")
    yield* beginSnapshot(session)
    yield* session.query("snapshot", `SET TRANSACTION SNAPSHOT '${snapshot}'`)
    yield* lockTable(session, "joined", table, "joining")
    return session
  }).pipe(Effect.option)

/** Returns the sessions that read the table: `lead`, and those that join it until the scope closes. */
const readersOf = (
  address: SourceAddress,
  { session: lead, exported }: SnapshotLead,
  description: TableDescription,
  kind: string,
  { parallel, blocksPerReader }: WantedReaders,
): Effect.Effect<
  { readonly sessions: ReadonlyArray<PostgresSession>; readonly ranges: number },
  SourceError,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const alone = { sessions: [lead], ranges: 1 }
    const wanted = readersFor(parallel)
    // Only an ordinary table has blocks of its own that a range can name.
    if (wanted === 1 || kind !== "r") return alone
    const table = printTable(description.table)
    const [capacity] = yield* lead.query(`table ${table}`, capacitySql, [table])
    const blocks = Number(capacity?.["blocks"])
    const ranges = rangesOf(blocks)
    const more = Math.min(wanted, Math.floor(blocks / blocksPerReader)) - 1
    const others = Math.min(more, Math.max(Number(capacity?.["free"]), 0))
    if (capacity?.["readsRanges"] !== "true" || others < 1) return alone
    const joined = yield* Effect.all(
      Array.from({ length: others }, () => follow(address, exported, { table: description.table, kind })),
      { concurrency: "unbounded" },
    )
    return { sessions: [lead, ...joined.flatMap(Option.toArray)], ranges }
  })

/** Returns copies of tables in the snapshot of `lead`. */
export const tableCopies =
  (address: SourceAddress, lead: SnapshotLead, wanted: WantedReaders) =>
  (description: TableDescription): TableCopy => {
    const { session } = lead
    const subject = `table ${printTable(description.table)}`
    const begin = Effect.gen(function* () {
      const kind = yield* kindOf(session, description.table)
      const select = selectSql(description, kind)
      const found = yield* readersOf(address, lead, description, kind, wanted)
      const header = session.copy(subject, withHeader(`${select} WHERE false`))
      const sqlOf = (range: number) => rowsOnly(`${select} WHERE ${rangeCondition(range, found.ranges)}`)
      return { ...found, select, header, sqlOf }
    })
    const csv = Effect.gen(function* () {
      const { sessions, ranges, select, header, sqlOf } = yield* begin
      if (sessions.length === 1) return session.copy(subject, withHeader(select))
      const rangesOfReader = (reader: PostgresSession) => (range: number) =>
        reader.copy(subject, sqlOf(range))
      return Stream.concat(header, inRanges(sessions.map(rangesOfReader), ranges))
    })
    const open = Effect.gen(function* () {
      const { sessions, ranges, select, header, sqlOf } = yield* begin
      const bytes = Buffer.concat(yield* Stream.runCollect(header))
      if (sessions.length === 1)
        return { header: bytes, readers: [session.copyRows(subject, rowsOnly(select))] }
      const free = freeRanges(ranges)
      const readerOf = (reader: PostgresSession) =>
        Stream.flatMap(free, (range) => reader.copyRows(subject, sqlOf(range)))
      return { header: bytes, readers: sessions.map(readerOf) }
    })
    return { csv: Stream.unwrap(csv), open }
  }
