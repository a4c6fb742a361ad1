/**
 * Locks the tables of a snapshot. TRUNCATE, some forms of ALTER TABLE and REFRESH MATERIALIZED VIEW make a table look empty
 * to older snapshots, so its lock is held from before the snapshot until its copy is done. The lock is `ACCESS SHARE`, as of
 * any SELECT: writers of rows do not wait for it.
 * Source: PostgreSQL manual, "Caveats" of the chapter "Concurrency Control", and LOCK.
 */
import { Effect } from "effect"
import { printTable, sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"
import { kindOf } from "./PostgresTableDescription.ts"

/** Ordinary tables, partitioned ones and views. LOCK TABLE refuses materialized views and foreign tables. */
const kindsThatLockTakes = ["r", "p", "v"]

export interface Lockable {
  readonly table: TableName
  /** Its `relkind`. */
  readonly kind: string
}

/** The tables with their kinds; those that do not exist are left out. Asked before a transaction begins: it takes a snapshot. */
export const lockable = (
  session: PostgresSession,
  tables: ReadonlyArray<TableName>,
): Effect.Effect<ReadonlyArray<Lockable>, SourceError> =>
  Effect.map(
    Effect.forEach(tables, (table) =>
      Effect.map(kindOf(session, table), (kind): Lockable => ({ table, kind })),
    ),
    (found) => found.filter(({ kind }) => kind !== ""),
  )

/**
 * For a session that joins another one which holds the lock: only a queued ALTER TABLE (or the like) can make it wait, and
 * that waits for the other session, so waiting longer leads nowhere. Ends with the transaction.
 */
export const waitForNoQueue = (session: PostgresSession): Effect.Effect<void, SourceError> =>
  Effect.asVoid(session.query("snapshot", "SET LOCAL lock_timeout = '100ms'"))

/**
 * Locks one table within a savepoint, which stays open: ROLLBACK TO it releases the lock.
 *
 * LOCK TABLE needs SELECT on the whole table, of a view's owner too, and locks nothing but tables. Planning a SELECT takes the
 * same lock with rights on columns alone and on any kind of relation. It is the second choice, because it locks the indexes as
 * well: a REINDEX would wait, and keep writers waiting meanwhile. Neither runs the SELECT.
 */
export const lockTable = (
  session: PostgresSession,
  savepoint: string,
  { table, kind }: Lockable,
): Effect.Effect<void, SourceError> => {
  const subject = `table ${printTable(table)}`
  const run = (sql: string) => session.query(subject, sql)
  // The rows of a partitioned table are those of its partitions, those of a view are the tables' below: both statements go
  // down to both. Of a table that others inherit from, only its own rows are copied.
  const relation = `${kind === "p" || kind === "v" ? "" : "ONLY "}${printTable(table)}`
  const plan = run(`EXPLAIN (COSTS OFF) SELECT FROM ${relation}`)
  const lock = kindsThatLockTakes.includes(kind)
    ? run(`LOCK TABLE ${relation} IN ACCESS SHARE MODE`).pipe(
        Effect.catchIf(
          ({ reason }) => reason === "Permission",
          () => Effect.andThen(run(`ROLLBACK TO SAVEPOINT ${savepoint}`), plan),
        ),
      )
    : plan
  return run(`SAVEPOINT ${savepoint}`).pipe(
    Effect.andThen(lock),
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
   * Releases the lock of a table, or notes that it can be: savepoints end in the opposite order of their beginning, so the
   * lock goes as soon as all tables before it in the list are released too. The others stay locked.
   */
  readonly release: (table: TableName) => Effect.Effect<void, SourceError>
}

/** Locks the tables so that the first of the list can be released first. */
export const holdTables = Effect.fnUntraced(function* (
  session: PostgresSession,
  tables: ReadonlyArray<Lockable>,
): Effect.fn.Return<HeldLocks, SourceError> {
  const held: Array<{ readonly table: TableName; readonly savepoint: string; isDone: boolean }> = []
  for (const [i, lockable] of tables.toReversed().entries()) {
    const savepoint = `table_${i}`
    yield* lockTable(session, savepoint, lockable)
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
