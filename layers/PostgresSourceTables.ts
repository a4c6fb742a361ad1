/** The source's tables, from PostgreSQL. Sends only reads. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../src/core/Lsn.ts"
import type { SourceAddress } from "../src/core/SourceAddress.ts"
import { printTable, quoteIdentifier } from "../src/core/SourceTable.ts"
import { type Snapshot, SourceTables, type TableCopy, type TableShape } from "../src/services/SourceTables.ts"
import { connect, type PostgresSession } from "./PostgresSession.ts"
import { describeTable, identify } from "./PostgresTableShape.ts"

/**
 * The slot prints a column of type boolean as `true` and `false`, COPY as `t` and `f`: the cast makes them the same.
 * Everything else goes through the type's own output function in both.
 */
export const copySql = (shape: TableShape): string => {
  const columns = shape.columns.map(({ name, type }) => {
    const column = quoteIdentifier(name)
    return type === "boolean" ? `${column}::text AS ${column}` : column
  })
  // A parent's children are tables of their own: their rows are not its rows, as in the log. Of a partitioned table the
  // partitions' rows are all there is.
  const from = `${Option.isNone(shape.notFollowed) ? "ONLY " : ""}${printTable(shape.table)}`
  return `COPY (SELECT ${columns.join(", ")} FROM ${from}) TO STDOUT (FORMAT csv, HEADER)`
}

const copyOf =
  (session: PostgresSession) =>
  (shape: TableShape): TableCopy => {
    let rows = 0
    return {
      csv: session.copy(`table ${printTable(shape.table)}`, copySql(shape), (count) => {
        rows = count
      }),
      rows: Effect.sync(() => rows),
    }
  }

/** The position is read after the snapshot was taken, so that nothing the snapshot sees was committed after it. */
const momentSql = "SELECT pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn"

const openSnapshot = (address: SourceAddress): SourceTables["Service"]["snapshot"] =>
  Effect.gen(function* () {
    const session = yield* connect(address, "full")
    const source = yield* identify(session)
    yield* session.query("snapshot", "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    const [moment] = yield* session.query("snapshot", momentSql)
    const snapshot: Snapshot = {
      id: moment?.["snapshot"] ?? "",
      lsn: Option.getOrElse(Lsn.parse(moment?.["lsn"] ?? ""), () => Lsn.zero),
      source,
      describe: (table) => describeTable(session, table, "measured"),
      copy: copyOf(session),
    }
    return snapshot
  })

export const layer = (address: SourceAddress): Layer.Layer<SourceTables> =>
  Layer.succeed(
    SourceTables,
    SourceTables.of({
      describe: (table) =>
        Effect.scoped(
          Effect.flatMap(connect(address, "catalog"), (session) =>
            describeTable(session, table, "from statistics"),
          ),
        ),
      snapshot: openSnapshot(address),
    }),
  )
