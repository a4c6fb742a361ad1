/**
 * Holds what a snapshot is to copy. TRUNCATE and some forms of ALTER TABLE make a table look empty to older snapshots as
 * well, so its lock is held from before the snapshot's moment. It keeps no writer of rows waiting.
 * Source: PostgreSQL manual, "Caveats" of the chapter "Concurrency Control", and LOCK.
 */
import { Effect } from "effect"
import { printTable, type TableName } from "../src/core/SourceTable.ts"
import type { SourceError } from "../src/services/SourceError.ts"
import type { PostgresSession } from "./PostgresSession.ts"
import { kindOf } from "./PostgresTableShape.ts"

/** Ordinary tables, partitioned ones and views. Materialized views and foreign tables it refuses. */
const kindsThatLockTakes = ["r", "p", "v"]

export interface Lockable {
  readonly table: TableName
  readonly kind: string
}

/** To be asked before the transaction begins, whose first query would be the snapshot's moment. */
export const lockable = (
  session: PostgresSession,
  tables: ReadonlyArray<TableName>,
): Effect.Effect<ReadonlyArray<Lockable>, SourceError> =>
  Effect.map(
    Effect.forEach(tables, (table) =>
      Effect.map(kindOf(session, table), (kind): Lockable => ({ table, kind })),
    ),
    (found) => found.filter(({ kind }) => kindsThatLockTakes.includes(kind)),
  )

/** Neither LOCK nor SAVEPOINT takes a snapshot: the first statement that does is the one that asks for the moment. */
export const lockTable = (
  session: PostgresSession,
  { table, kind }: Lockable,
): Effect.Effect<void, SourceError> => {
  const subject = `table ${printTable(table)}`
  const run = (sql: string) => session.query(subject, sql)
  // The rows of a partitioned table are those of its partitions, those of a view are the tables' below: LOCK goes down to
  // both. Of a table that others inherit from, only its own are copied.
  const lock = run(`LOCK TABLE ${kind === "r" ? "ONLY " : ""}${printTable(table)} IN ACCESS SHARE MODE`)
  if (kind !== "v") return Effect.asVoid(lock)
  return run("SAVEPOINT before_lock").pipe(
    Effect.andThen(lock),
    // To lock the tables below, the view's owner needs SELECT on them as a whole; to be read through the view, rights on
    // the columns will do.
    Effect.catchIf(
      (error) => error.reason === "Permission",
      (error) => Effect.andThen(run("ROLLBACK TO SAVEPOINT before_lock"), warnUnlocked(table, error)),
    ),
    Effect.andThen(run("RELEASE SAVEPOINT before_lock")),
    Effect.asVoid,
  )
}

const warnUnlocked = (table: TableName, { detail }: SourceError) =>
  Effect.logWarning(
    `The tables below the view ${printTable(table)} cannot be locked (${detail}): where one is emptied or rewritten before it is copied, ` +
      "its rows are missing. Mend it with GRANT SELECT on the whole table to the view's owner.",
  )
