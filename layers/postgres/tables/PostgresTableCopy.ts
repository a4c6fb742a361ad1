/** Copies the rows of a table, as CSV that PostgreSQL itself prints, through one session or several. */
import { availableParallelism } from "node:os"
import { Effect, Option, type Scope, Stream } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import { printTable, quoteIdentifier, type TableName } from "../../../src/core/source/SourceTable.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { TableCopy, TableDescription } from "../../../src/services/source/SourceTables.ts"
import { connect, type PostgresSession } from "../connection/PostgresSession.ts"
import { inRanges, rangeCondition, rangesOf } from "./PostgresRowRanges.ts"
import { describeTable, kindOf } from "./PostgresTableDescription.ts"
import { type Lockable, lockTable, waitForNoQueue } from "./PostgresTableLocks.ts"

/**
 * The slot prints a column of type boolean as `true` and `false`, COPY as `t` and `f`: the cast makes them the same.
 * Everything else goes through the type's own output function in both.
 */
const selectSql = (description: TableDescription, kind: string): string => {
  const columns = description.columns.map(({ name, type }) => {
    const column = quoteIdentifier(name)
    return type === "boolean" ? `${column}::text AS ${column}` : column
  })
  // A parent's children are tables of their own: their rows are not its rows, as in the WAL; whether it is logged, unlogged
  // or foreign. Of a partitioned table the partitions' rows are all there is. To a view the word makes no difference.
  const from = `${kind === "p" ? "" : "ONLY "}${printTable(description.table)}`
  return `SELECT ${columns.join(", ")} FROM ${from}`
}

/** Reads what a copy reads, without a row: the server checks every right that the copy needs. */
export const readNothing = Effect.fnUntraced(function* (session: PostgresSession, table: TableName) {
  const description = yield* describeTable(session, table, "from statistics")
  yield* session.query(
    `table ${printTable(table)}`,
    `${selectSql(description, yield* kindOf(session, table))} LIMIT 0`,
  )
})

/** A table of its own, with rows in blocks of its own; not a view, nor the partitioned table over others. */
const isPlain = (description: TableDescription): boolean => Option.isNone(description.notFollowed)

const withHeader = (select: string): string => `COPY (${select}) TO STDOUT (FORMAT csv, HEADER)`
const rowsOnly = (select: string): string => `COPY (${select}) TO STDOUT (FORMAT csv)`

/** Beyond this the disks are the bound, the server's or the lake's, and the table's other readers pay for it. */
const usualReadersMax = 4

/**
 * `wanted` is FULL_PARALLEL. Where it is not set: one for each two processors of this machine. What one session sends keeps
 * more than half of one busy here, so with two of them a second reader was measured to gain nothing (docs/performance.md).
 */
const readersFor = (wanted: Option.Option<number>): number =>
  Option.getOrElse(wanted, () =>
    Math.max(1, Math.min(usualReadersMax, Math.floor(availableParallelism() / 2))),
  )

/**
 * How many blocks it has (the snapshot lets nobody rewrite it); how many connections the server has left; and whether a range
 * of blocks can be read without reading all: rights on columns alone do not cover `ctid`, by which ranges are chosen. One
 * connection is left for a person who wants to know what goes on. Of other roles' sessions all see the user, and few the kind.
 */
const roomSql = `
  SELECT (pg_relation_size(to_regclass($1)) / current_setting('block_size')::int)::text AS blocks,
         (current_setting('server_version_num')::int >= 140000
           AND has_table_privilege(to_regclass($1), 'SELECT'))::text AS "readsRanges",
         (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL) - 1)::text AS free`

/**
 * Begins a transaction of one moment for a session that may have nothing to do for as long as another reads: while a range
 * with large values is on its way, while the lake takes its time. To be ended then would end the copy. It cannot hang for
 * ever: a program that is gone closes its connection, which a session without work notices at once, and a machine that is
 * gone is given up by the keep-alives.
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

/** One more session that sees what the lead sees; none where the server has no room for it, or an ALTER TABLE is queued. */
const follow = (address: SourceAddress, snapshot: string, table: Lockable) =>
  Effect.gen(function* () {
    const session = yield* connect(address, "snapshot reader")
    yield* beginSnapshot(session)
    yield* session.query("snapshot", `SET TRANSACTION SNAPSHOT '${snapshot}'`)
    yield* waitForNoQueue(session)
    yield* lockTable(session, "joined", table)
    return session
  }).pipe(Effect.option)

/** The sessions that read the table: `lead`, and those that join it for as long as the scope lives. */
const readersOf = (
  address: SourceAddress,
  { session: lead, exported }: SnapshotLead,
  description: TableDescription,
  kind: string,
  wanted: number,
): Effect.Effect<
  { readonly sessions: ReadonlyArray<PostgresSession>; readonly ranges: number },
  SourceError,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const alone = { sessions: [lead], ranges: 1 }
    if (wanted === 1 || !isPlain(description)) return alone
    const table = printTable(description.table)
    const [room] = yield* lead.query(`table ${table}`, roomSql, [table])
    const ranges = rangesOf(Number(room?.["blocks"]))
    const more = Math.min(wanted, ranges) - 1
    const others = Math.min(more, Math.max(Number(room?.["free"]), 0))
    if (room?.["readsRanges"] !== "true" || others === 0) return alone
    const joined = yield* Effect.all(
      Array.from({ length: others }, () => follow(address, exported, { table: description.table, kind })),
      { concurrency: "unbounded" },
    )
    return { sessions: [lead, ...joined.flatMap(Option.toArray)], ranges }
  })

/** Copies of tables as the snapshot of `lead` sees them. */
export const tableCopies =
  (address: SourceAddress, lead: SnapshotLead, parallel: Option.Option<number>) =>
  (description: TableDescription): TableCopy => {
    const subject = `table ${printTable(description.table)}`
    let rows = 0
    const count = (more: number) => {
      rows += more
    }
    const csv = Effect.gen(function* () {
      const { session } = lead
      const kind = yield* kindOf(session, description.table)
      const select = selectSql(description, kind)
      const { sessions, ranges } = yield* readersOf(address, lead, description, kind, readersFor(parallel))
      if (sessions.length === 1) return session.copy(subject, withHeader(select), count)
      const rangeOf = (reader: PostgresSession) => (range: number) =>
        reader.copy(subject, rowsOnly(`${select} WHERE ${rangeCondition(range, ranges)}`), count)
      const header = session.copy(subject, withHeader(`${select} WHERE false`))
      return Stream.concat(header, inRanges(sessions.map(rangeOf), ranges))
    })
    return { csv: Stream.unwrap(csv), rows: Effect.sync(() => rows) }
  }
