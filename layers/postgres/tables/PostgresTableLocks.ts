/**
 * Locks the tables of a snapshot. TRUNCATE, some forms of ALTER TABLE and REFRESH MATERIALIZED VIEW make a table look empty
 * to older snapshots, so that each table is locked from before the snapshot until its copy is done. The lock is `ACCESS
 * SHARE`, as for any SELECT: writers of rows do not wait for it.
 * Source: PostgreSQL manual, "Caveats" of the chapter "Concurrency Control", and LOCK.
 */
import { Effect } from "effect"
import { printTable, sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { lockTimeout } from "../connection/PostgresSessionSettings.ts"
import { kindOf } from "./description/PostgresTableKind.ts"

/** Ordinary tables, partitioned ones and views. LOCK TABLE refuses materialized views and foreign tables. */
const lockableKinds = ["r", "p", "v"]

export interface Lockable {
  readonly table: TableName
  /** Its `relkind`. */
  readonly kind: string
}

/** Returns the existing tables with their kinds. Run it before the transaction begins, because it takes a snapshot. */
export const lockable = (
  session: PostgresSession,
  tables: ReadonlyArray<TableName>,
): Effect.Effect<ReadonlyArray<Lockable>, SourceError> =>
  Effect.map(
    Effect.forEach(tables, (table) =>
      Effect.map(kindOf(session, table), (kind): Lockable => ({ table, kind })),
    ),
    (all) => all.filter(({ kind }) => kind !== ""),
  )

/**
 * The lock timeout of a session that joins another one which holds the lock. Only a queued ALTER TABLE (or the like) can make
 * it wait, and that waits for the other session, so that a longer wait cannot succeed.
 */
const joinTimeout = "100ms"

/** `joining`: another session of ours holds the lock already, and keeps it meanwhile. */
export type Locking = "first" | "joining"

/**
 * Locks one table inside a savepoint, which stays open: ROLLBACK TO it releases the lock. Fails with `Interrupted` after
 * `lock_timeout`.
 *
 * LOCK TABLE needs SELECT on the whole table, also for a view's owner, and locks only tables and views. Planning a SELECT
 * takes the same lock with permissions on columns, and for any kind of relation. It is the second choice, because it locks
 * the indexes too: a REINDEX would wait, and writers behind it. Neither runs the SELECT.
 */
export const lockTable = (
  session: PostgresSession,
  savepoint: string,
  { table, kind }: Lockable,
  locking: Locking,
): Effect.Effect<void, SourceError> => {
  const subject = `table ${printTable(table)}`
  const run = (sql: string) => session.query(subject, sql)
  // Both statements also lock the partitions of a partitioned table and the tables below a view. For a table with child tables
  // only its own rows are copied.
  const relation = `${kind === "p" || kind === "v" ? "" : "ONLY "}${printTable(table)}`
  // For the lock alone: what the copy waits for later, such as an index, is not ours. ROLLBACK TO undoes a setting too.
  const limit = (timeout: string) =>
    locking === "first" ? Effect.void : run(`SET LOCAL lock_timeout = '${timeout}'`)
  const begin = Effect.andThen(run(`SAVEPOINT ${savepoint}`), limit(joinTimeout))
  const plan = run(`EXPLAIN (COSTS OFF) SELECT FROM ${relation}`)
  const lock = lockableKinds.includes(kind)
    ? run(`LOCK TABLE ${relation} IN ACCESS SHARE MODE`).pipe(
        Effect.catchIf(
          ({ reason }) => reason === "Permission",
          () =>
            run(`ROLLBACK TO SAVEPOINT ${savepoint}`).pipe(
              Effect.andThen(limit(joinTimeout)),
              Effect.andThen(plan),
            ),
        ),
      )
    : plan
  return begin.pipe(
    Effect.andThen(lock),
    Effect.andThen(limit(lockTimeout)),
    Effect.asVoid,
    Effect.mapError((error) => (error.reason === "Interrupted" ? waitedFor(error) : error)),
  )
}

const waitedFor = ({ reason, subject, detail }: SourceError) =>
  new SourceError({
    reason,
    subject,
    detail: `${detail}: another session changes it as a whole, or waits to (ALTER TABLE, TRUNCATE, VACUUM FULL; pg_locks shows which)`,
  })

/** Locks that are released one by one. */
export interface HeldLocks {
  /**
   * Releases the lock of a table, or notes that it may be released: savepoints end in reverse order, so that the lock is
   * released once all tables before it in the list are released too. The others stay locked.
   */
  readonly release: (table: TableName) => Effect.Effect<void, SourceError>
}

/** Locks the tables so that the first of the list can be released first. */
export const holdTables = Effect.fnUntraced(function* (
  session: PostgresSession,
  tables: ReadonlyArray<Lockable>,
  locking: Locking,
): Effect.fn.Return<HeldLocks, SourceError> {
  const held: Array<{ readonly table: TableName; readonly savepoint: string; isDone: boolean }> = []
  for (const [i, lockable] of tables.toReversed().entries()) {
    const savepoint = `table_${i}`
    yield* lockTable(session, savepoint, lockable, locking)
    held.push({ table: lockable.table, savepoint, isDone: false })
  }
  const releaseDone = Effect.gen(function* () {
    for (let last = held.at(-1); last?.isDone === true; last = held.at(-1)) {
      held.pop()
      yield* session.query("snapshot", `ROLLBACK TO SAVEPOINT ${last.savepoint}`)
      yield* session.query("snapshot", `RELEASE SAVEPOINT ${last.savepoint}`)
    }
  })
  return {
    release: (table) =>
      Effect.suspend(() => {
        for (const one of held) if (sameTable(one.table, table)) one.isDone = true
        return releaseDone
      }),
  }
})
