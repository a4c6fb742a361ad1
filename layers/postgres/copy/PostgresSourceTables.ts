/** The source's tables, from PostgreSQL. Only reads. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { type Snapshot, SourceTables } from "../../../src/services/source/SourceTables.ts"
import { checkProcess } from "../connection/PostgresPooler.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import { connect, describeAddress } from "../connection/PostgresSession.ts"
import { identify } from "../connection/ServerFacts.ts"
import { sharedSession } from "../connection/SharedSession.ts"
import { describeTable, describeTables } from "../tables/description/PostgresTableDescription.ts"
import { holdTables, lockable } from "../tables/PostgresTableLocks.ts"
import { beginSnapshot, readNothing, tableCopies } from "./PostgresTableCopy.ts"

/**
 * The LSN is read after the snapshot, so that the snapshot sees no later commit. The snapshot is exported at once, for
 * sessions that join later: inside a savepoint PostgreSQL exports none.
 */
const snapshotSql = `
  SELECT pg_export_snapshot() AS exported, pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn,
         pg_backend_pid()::text AS pid`

/** Locks the tables until the scope closes. Its transaction takes a snapshot per statement, and none that the copies use. */
const lockFirst = Effect.fnUntraced(function* (address: SourceAddress, tables: ReadonlyArray<TableName>) {
  const session = yield* connect(address, "locks")
  const existing = yield* lockable(session, tables)
  yield* session.query("snapshot", "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY")
  yield* holdTables(session, existing, "first")
  return existing
})

/**
 * The tables must be locked before the snapshot, and each lock must be releasable alone. But locks that a transaction takes
 * before it exports its snapshot last until its end. So a first session locks the tables. A second one takes the snapshot,
 * exports it and locks them too, each in a savepoint; then the first one ends. With a lock of its own the reading session can
 * read while an ALTER TABLE waits in the table's queue.
 */
const openSnapshot = (
  address: SourceAddress,
  parallel: Option.Option<number>,
): SourceTables["Service"]["snapshot"] =>
  Effect.fnUntraced(function* (tables) {
    const session = yield* connectToPrimary(address, "snapshot")
    const source = yield* identify(session)
    const { row, locks } = yield* Effect.scoped(
      Effect.gen(function* () {
        const existing = yield* lockFirst(address, tables)
        yield* beginSnapshot(session)
        const [row] = yield* session.query("snapshot", snapshotSql)
        yield* checkProcess(session, describeAddress(address), row?.["pid"])
        return { row, locks: yield* holdTables(session, existing, "joining") }
      }),
    )
    const lead = { session, exported: row?.["exported"] ?? "" }
    const snapshot: Snapshot = {
      id: row?.["snapshot"] ?? "",
      lsn: Option.getOrElse(Lsn.parse(row?.["lsn"] ?? ""), () => Lsn.zero),
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
        describeAll: (tables) => ask((session) => describeTables(session, tables)),
        mayRead: (description) => ask((session) => readNothing(session, description)),
        snapshot: openSnapshot(address, parallel),
      })
    }),
  )
