/** The source's tables, from PostgreSQL. Sends only reads. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../src/core/Lsn.ts"
import type { SourceAddress } from "../src/core/SourceAddress.ts"
import { type Snapshot, SourceTables } from "../src/services/SourceTables.ts"
import { connect } from "./PostgresSession.ts"
import { beginSnapshot, tableCopies } from "./PostgresTableCopy.ts"
import { lockable, lockTable } from "./PostgresTableLocks.ts"
import { describeTable, identify } from "./PostgresTableShape.ts"

/** The position is read after the snapshot was taken, so that nothing the snapshot sees was committed after it. */
const momentSql = "SELECT pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn"

const openSnapshot = (
  address: SourceAddress,
  parallel: Option.Option<number>,
): SourceTables["Service"]["snapshot"] =>
  Effect.fnUntraced(function* (tables) {
    const session = yield* connect(address, "snapshot")
    const source = yield* identify(session)
    const tablesToLock = yield* lockable(session, tables)
    yield* beginSnapshot(session)
    yield* Effect.forEach(tablesToLock, (table) => lockTable(session, table), { discard: true })
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
