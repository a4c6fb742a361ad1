/** The source's tables, from PostgreSQL. Sends only reads. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../src/core/Lsn.ts"
import type { SourceAddress } from "../src/core/SourceAddress.ts"
import { printTable } from "../src/core/SourceTable.ts"
import { type Snapshot, SourceTables } from "../src/services/SourceTables.ts"
import { connect } from "./PostgresSession.ts"
import { tableCopies } from "./PostgresTableCopy.ts"
import { describeTable, identify } from "./PostgresTableShape.ts"

/** The position is read after the snapshot was taken, so that nothing the snapshot sees was committed after it. */
const momentSql = "SELECT pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn"

/**
 * Views and foreign tables cannot be locked: their rows are not ours to hold. A partitioned table is locked with its
 * partitions, which hold its rows.
 */
const lockableSql = `
  SELECT CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END AS only FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`

const openSnapshot = (
  address: SourceAddress,
  parallel: Option.Option<number>,
): SourceTables["Service"]["snapshot"] =>
  Effect.fnUntraced(function* (tables) {
    const session = yield* connect(address, "snapshot")
    const source = yield* identify(session)
    const locks = yield* Effect.forEach(tables, (table) =>
      Effect.map(
        session.query(`table ${printTable(table)}`, lockableSql, [table.schema, table.name]),
        (rows) => rows.map(({ only }) => ({ table, only })),
      ),
    )
    yield* session.query("snapshot", "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    // LOCK takes no snapshot: the first statement that does is the one that asks for the moment.
    yield* Effect.forEach(locks.flat(), ({ table, only }) =>
      session.query(
        `table ${printTable(table)}`,
        `LOCK TABLE ${only}${printTable(table)} IN ACCESS SHARE MODE`,
      ),
    )
    const [moment] = yield* session.query("snapshot", momentSql)
    const snapshot: Snapshot = {
      id: moment?.["snapshot"] ?? "",
      lsn: Option.getOrElse(Lsn.parse(moment?.["lsn"] ?? ""), () => Lsn.zero),
      source,
      describe: (table) => describeTable(session, table, "measured"),
      copy: tableCopies(address, session, parallel),
    }
    return snapshot
  })

/** `parallel` is FULL_PARALLEL: readers of one table. */
export const layer = (
  address: SourceAddress,
  parallel: Option.Option<number> = Option.none(),
): Layer.Layer<SourceTables> =>
  Layer.succeed(
    SourceTables,
    SourceTables.of({
      describe: (table) =>
        Effect.scoped(
          Effect.flatMap(connect(address, "catalog"), (session) =>
            describeTable(session, table, "from statistics"),
          ),
        ),
      snapshot: openSnapshot(address, parallel),
    }),
  )
