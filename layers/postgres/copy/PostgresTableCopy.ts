/** Copies the rows of a table as PostgreSQL's own CSV, through one session or several. */
import { availableParallelism } from "node:os"
import { Effect, Option, Stream } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { printTable, quoteIdentifier } from "../../../src/core/source/SourceTable.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { TableCopy, TableDescription } from "../../../src/services/source/SourceTables.ts"
import { connect, type PostgresSession } from "../connection/PostgresSession.ts"
import { kindOf } from "../tables/description/PostgresTableKind.ts"
import { type Lockable, lockTable } from "../tables/PostgresTableLocks.ts"
import { asOne, byReader, rangeCondition, rangesOf } from "./PostgresRowRanges.ts"

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

/** Beyond this the disks are the limit, the server's or the lake's, and other readers of the table become slower. */
const usualReadersMax = 4

/**
 * `wanted` is FULL_PARALLEL. Default: one reader per two processors of this machine. The data of one session keeps more than
 * half a processor busy here: with two processors a second reader gained nothing in measurements (docs/performance.md).
 */
const readersFor = (wanted: Option.Option<number>): number =>
  Option.getOrElse(wanted, () =>
    Math.max(1, Math.min(usualReadersMax, Math.floor(availableParallelism() / 2))),
  )

/**
 * The table's number of blocks (the lock prevents a rewrite), and its bytes with large values; whether block ranges can be
 * read, because permissions on columns do not cover `ctid`, which selects ranges; and the server's free connections, less one
 * that is left for a person. Counts sessions by their user, because this role may not read the kind of other roles' sessions.
 */
const capacitySql = `
  SELECT (pg_relation_size(to_regclass($1)) / current_setting('block_size')::int)::text AS blocks,
         pg_table_size(to_regclass($1))::text AS bytes,
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
const readersOf = Effect.fnUntraced(function* (
  address: SourceAddress,
  { session: lead, exported }: SnapshotLead,
  description: TableDescription,
  kind: string,
  wanted: number,
) {
  const alone = { sessions: [lead], ranges: 1, bytes: 0 }
  // Only an ordinary table has blocks of its own that a range can name.
  if (wanted === 1 || kind !== "r") return alone
  const table = printTable(description.table)
  const [capacity] = yield* lead.query(`table ${table}`, capacitySql, [table])
  const ranges = rangesOf(Number(capacity?.["blocks"]))
  const more = Math.min(wanted, ranges) - 1
  const others = Math.min(more, Math.max(Number(capacity?.["free"]), 0))
  if (capacity?.["readsRanges"] !== "true" || others === 0) return alone
  const joined = yield* Effect.all(
    Array.from({ length: others }, () => follow(address, exported, { table: description.table, kind })),
    { concurrency: "unbounded" },
  )
  const sessions: ReadonlyArray<PostgresSession> = [lead, ...joined.flatMap(Option.toArray)]
  return { sessions, ranges, bytes: Number(capacity["bytes"]) }
})

/** Returns copies of tables in the snapshot of `lead`. */
export const tableCopies =
  (address: SourceAddress, lead: SnapshotLead, parallel: Option.Option<number>) =>
  (description: TableDescription): TableCopy => ({
    open: Effect.fnUntraced(function* (divideFrom) {
      const { session } = lead
      const subject = `table ${printTable(description.table)}`
      const kind = yield* kindOf(session, description.table)
      const select = selectSql(description, kind)
      const { sessions, ranges, bytes } = yield* readersOf(
        address,
        lead,
        description,
        kind,
        readersFor(parallel),
      )
      const headerSql = `COPY (${select} WHERE false) TO STDOUT (FORMAT csv, HEADER)`
      const header = Buffer.concat(yield* Stream.runCollect(session.copy(subject, headerSql)))
      const rowsOf = (reader: PostgresSession, where: string) =>
        reader.copyRows(subject, `COPY (${select}${where}) TO STDOUT (FORMAT csv)`)
      if (sessions.length === 1) return { header, parts: [rowsOf(session, "")] }
      const rangeOf = (reader: PostgresSession) => (range: number) =>
        rowsOf(reader, ` WHERE ${rangeCondition(range, ranges)}`)
      const readers = sessions.map(rangeOf)
      return { header, parts: bytes < divideFrom ? [asOne(readers, ranges)] : byReader(readers, ranges) }
    }),
  })
