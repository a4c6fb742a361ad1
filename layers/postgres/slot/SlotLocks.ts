/**
 * The advisory locks by which processes of one slot know of each other. Their keys are derived from the slot's name, so that
 * all processes use the same. No slot name contains a `/`, so that two slots have no key in common.
 */
import { Effect } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"

/** The lock of the session that reads and confirms. `slot` is an SQL expression. */
const writerKey = (slot: string): string => `hashtextextended('afluente/' || ${slot}, 0)`

/** The liveness lock: all running `cdc` processes share it; a session that removes the slot holds it exclusively. */
const livenessKey = (slot: string): string => `hashtextextended('afluente/lives/' || ${slot}, 0)`

/** The same for `cdc` processes of versions before the fence, which write to the lake without conditions. */
const unfencedKey = (slot: string): string => `hashtextextended('afluente/present/' || ${slot}, 0)`

/**
 * Selects the sessions of this database that hold the lock, except our own: rows of `pid, application_name`. `pg_locks` has a
 * key of 64 bits as two of 32.
 */
const holders = (mode: "ExclusiveLock" | "ShareLock", key: string): string => `
      SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND mode = '${mode}' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
         AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (classid::bigint << 32 | objid::bigint) = ${key}`

/** Selects the session that holds the writer's lock: one row or none. `slot` is an SQL expression. */
export const lockHolderSql = (slot: string): string => `
  SELECT writer.pid::text AS pid, writer.application_name AS application,
         EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${slot} AND active) AS reading,
         extract(epoch FROM clock_timestamp() - activity.query_start)::text AS seconds
    FROM (${holders("ExclusiveLock", writerKey(slot))}) AS writer JOIN pg_stat_activity AS activity USING (pid) LIMIT 1`

export const writers = (slot: string): string => holders("ExclusiveLock", writerKey(slot))
/** Selects all running processes, of any version. */
export const living = (slot: string): string =>
  `${holders("ShareLock", livenessKey(slot))} UNION ALL ${unfenced(slot)}`
/** Selects the processes of versions before the fence. */
export const unfenced = (slot: string): string => holders("ShareLock", unfencedKey(slot))

/** Tries to take locks, and never waits. The session holds them until it ends. */
export const slotLocks = (session: PostgresSession, slot: string) => {
  const isTrue = (sql: string, ...more: ReadonlyArray<string>): Effect.Effect<boolean, SourceError> =>
    Effect.map(
      session.query(`slot "${slot}"`, `SELECT ${sql} AS answer`, [slot, ...more]),
      ([row]) => row?.["answer"] === "t",
    )
  const attempt = (ask: string, key: string) => isTrue(`${ask}(${key})`)
  return {
    /** False beside a process of a version before the fence, also if that is a standby or retries. */
    takesWriterLock: isTrue(`pg_try_advisory_lock(${writerKey("$1")}) AND NOT EXISTS (${unfenced("$1")})`),
    /** True if another session with this process id holds the writer's lock. */
    isWrittenBy: (pid: string) => isTrue(`$2 IN (SELECT pid::text FROM (${writers("$1")}) AS writer)`, pid),
    takesLivenessLock: attempt("pg_try_advisory_lock_shared", livenessKey("$1")),
    /** True if no process writes, stands by or retries. Then none can begin to. */
    takesAllLocks: Effect.gen(function* () {
      for (const key of [livenessKey, unfencedKey, writerKey]) {
        if (!(yield* attempt("pg_try_advisory_lock", key("$1")))) return false
      }
      return true
    }),
  }
}
