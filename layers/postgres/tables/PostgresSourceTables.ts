/** The source's tables, from PostgreSQL. Sends only reads. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { type Snapshot, SourceTables } from "../../../src/services/source/SourceTables.ts"
import { checkProcess } from "../connection/PostgresPooler.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import { connect, describeAddress } from "../connection/PostgresSession.ts"
import { sharedSession } from "../connection/SharedSession.ts"
import { beginSnapshot, readNothing, tableCopies } from "./PostgresTableCopy.ts"
import { describeTable, identify } from "./PostgresTableDescription.ts"
import { holdTables, lockable, waitForNoQueue } from "./PostgresTableLocks.ts"

/**
 * The position is read after the snapshot was taken, so that nothing the snapshot sees was committed after it. The snapshot
 * is exported at once, for sessions that join later: within a savepoint PostgreSQL exports none.
 */
const momentSql = `
  SELECT pg_export_snapshot() AS exported, pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn,
         pg_backend_pid()::text AS pid`

/** Locks the tables until the scope closes. Its transaction has a snapshot for each statement, none of which is the copies'. */
const lockFirst = Effect.fnUntraced(function* (address: SourceAddress, tables: ReadonlyArray<TableName>) {
  const session = yield* connect(address, "locks")
  const found = yield* lockable(session, tables)
  yield* session.query("snapshot", "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY")
  yield* holdTables(session, found)
  return found
})

/**
 * The tables are locked before the snapshot, and each lock shall end alone. Locks that a transaction takes before it exports
 * its snapshot last until its end. So a first session locks the tables; a second one takes the snapshot, exports it and locks
 * them too, each in a savepoint; then the first one ends. A lock of the reading session's own is what lets it read past an
 * ALTER TABLE that waits in the table's queue.
 */
const openSnapshot = (
  address: SourceAddress,
  parallel: Option.Option<number>,
): SourceTables["Service"]["snapshot"] =>
  Effect.fnUntraced(function* (tables) {
    const session = yield* connectToPrimary(address, "snapshot")
    const source = yield* identify(session)
    const { moment, locks } = yield* Effect.scoped(
      Effect.gen(function* () {
        const found = yield* lockFirst(address, tables)
        yield* beginSnapshot(session)
        const [moment] = yield* session.query("snapshot", momentSql)
        yield* checkProcess(session, describeAddress(address), moment?.["pid"])
        yield* waitForNoQueue(session)
        return { moment, locks: yield* holdTables(session, found) }
      }),
    )
    const lead = { session, exported: moment?.["exported"] ?? "" }
    const snapshot: Snapshot = {
      id: moment?.["snapshot"] ?? "",
      lsn: Option.getOrElse(Lsn.parse(moment?.["lsn"] ?? ""), () => Lsn.zero),
      source,
      describe: (table) => describeTable(session, table, "measured"),
      copy: tableCopies(address, lead, parallel),
      release: locks.release,
    }
    return snapshot
  })

/** `parallel` is FULL_PARALLEL: readers of one table. */
export const layer = (
  address: SourceAddress,
  parallel: Option.Option<number> = Option.none(),
): Layer.Layer<SourceTables> =>
  Layer.effect(
    SourceTables,
    Effect.gen(function* () {
      const ask = yield* sharedSession(connectToPrimary(address, "catalog"))
      return SourceTables.of({
        describe: (table) => ask((session) => describeTable(session, table, "from statistics")),
        mayRead: (table) => ask((session) => readNothing(session, table)),
        snapshot: openSnapshot(address, parallel),
      })
    }),
  )
