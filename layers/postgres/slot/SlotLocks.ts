/**
 * The advisory locks by which processes of one slot know of each other. Their keys are derived from the slot's name,
 * so that all of them ask for the same. No name of a slot holds a `/`: the keys of one are not those of another.
 */
import { Effect } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"

/** Held by the one session that reads and confirms. `slot` is an SQL expression. */
const writerKey = (slot: string): string => `hashtextextended('afluente/' || ${slot}, 0)`

/** Held by every `cdc` that lives, together with all others; alone by who removes the slot. */
const livenessKey = (slot: string): string => `hashtextextended('afluente/lives/' || ${slot}, 0)`

/** Held in the same way by every `cdc` of a version before the fence: it would write to the lake without any condition. */
const unfencedKey = (slot: string): string => `hashtextextended('afluente/present/' || ${slot}, 0)`

/**
 * Sessions of this database, but ours, that hold the lock: alone or shared. Rows of `pid, application_name`. A key of
 * 64 bits is shown as two of 32.
 */
const holders = (mode: "ExclusiveLock" | "ShareLock", key: string): string => `
      SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND mode = '${mode}' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
         AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (classid::bigint << 32 | objid::bigint) = ${key}`

/** One row, or none: the session that holds the writer's lock. `slot` is an SQL expression. */
export const lockHolderSql = (slot: string): string => `
  SELECT writer.pid::text AS pid, writer.application_name AS application,
         EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${slot} AND active) AS reading,
         extract(epoch FROM clock_timestamp() - activity.query_start)::text AS seconds
    FROM (${holders("ExclusiveLock", writerKey(slot))}) AS writer JOIN pg_stat_activity AS activity USING (pid) LIMIT 1`

export const writers = (slot: string): string => holders("ExclusiveLock", writerKey(slot))
/** Every process that lives, of any version. */
export const living = (slot: string): string =>
  `${holders("ShareLock", livenessKey(slot))} UNION ALL ${unfenced(slot)}`
/** Processes of versions before the fence. */
export const unfenced = (slot: string): string => holders("ShareLock", unfencedKey(slot))

/** Never waits. What was got is the session's until it ends. */
export const slotLocks = (session: PostgresSession, slot: string) => {
  const isTrue = (sql: string, ...more: ReadonlyArray<string>): Effect.Effect<boolean, SourceError> =>
    Effect.map(
      session.query(`slot "${slot}"`, `SELECT ${sql} AS answer`, [slot, ...more]),
      ([row]) => row?.["answer"] === "t",
    )
  const attempt = (ask: string, key: string) => isTrue(`${ask}(${key})`)
  return {
    /** Not beside a process of a version before the fence, whether it writes, waits or tries again. */
    takesWriterLock: isTrue(`pg_try_advisory_lock(${writerKey("$1")}) AND NOT EXISTS (${unfenced("$1")})`),
    /** Whether the other session of this process id does. */
    isWrittenBy: (pid: string) => isTrue(`$2 IN (SELECT pid::text FROM (${writers("$1")}) AS writer)`, pid),
    takesLivenessLock: attempt("pg_try_advisory_lock_shared", livenessKey("$1")),
    /** Nobody writes, waits or tries again, and nobody begins to. */
    takesAllLocks: Effect.gen(function* () {
      for (const key of [livenessKey, unfencedKey, writerKey]) {
        if (!(yield* attempt("pg_try_advisory_lock", key("$1")))) return false
      }
      return true
    }),
  }
}
