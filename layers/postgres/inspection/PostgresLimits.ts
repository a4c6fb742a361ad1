/** The queries of `doctor` for the server's limits, and a test read of the slot. */
import { Effect, Option } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { LimitFacts, SessionLimit } from "../../../src/services/source/SourceInspection.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"

/**
 * Returns one row. Sessions with a logged-in user count, which all roles may read; WAL senders have a limit of their own. The
 * limits of roles and databases (-1: none) do not apply to superusers. `reserved_connections` came with PostgreSQL 16.
 * `lock_capacity`: as the server computes it from these settings (postinit.c, `InitializeMaxBackends`; lock.c, `NLOCKENTS`).
 * Source: PostgreSQL manual, "Connections and Authentication", "Lock Management", catalogs `pg_roles`, `pg_database`.
 */
const limitsSql = `
  WITH used AS (SELECT usesysid, datid FROM pg_stat_activity
                 WHERE usesysid IS NOT NULL AND pid NOT IN (SELECT pid FROM pg_stat_replication))
  SELECT pg_size_bytes(current_setting('temp_file_limit'))::text AS temp_files,
         (SELECT count(*) FROM used)::text AS server_used,
         (current_setting('max_connections')::int
           - CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
               + CASE WHEN (SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') THEN 0
                      ELSE coalesce(current_setting('reserved_connections', true)::int, 0) END END)::text AS server_limit,
         (SELECT count(*) FROM used WHERE usesysid = role.oid)::text AS role_used,
         CASE WHEN NOT rolsuper AND rolconnlimit >= 0 THEN rolconnlimit::text END AS role_limit,
         (SELECT count(*) FROM used WHERE datid = base.oid)::text AS database_used,
         CASE WHEN NOT rolsuper AND datconnlimit >= 0 THEN datconnlimit::text END AS database_limit,
         current_setting('max_connections') AS max_connections,
         current_setting('max_locks_per_transaction') AS locks_each,
         (current_setting('max_locks_per_transaction')::bigint
           * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int
               + current_setting('autovacuum_max_workers')::int + 1 + current_setting('max_worker_processes')::int
               + current_setting('max_wal_senders')::int))::text AS lock_capacity
    FROM pg_roles AS role, pg_database AS base WHERE rolname = current_user AND datname = current_database()`

export const limits = (session: PostgresSession): Effect.Effect<LimitFacts, SourceError> =>
  Effect.map(session.query("limits", limitsSql), ([row]) => {
    const of = (scope: SessionLimit["scope"]): ReadonlyArray<SessionLimit> => {
      const limit = row?.[`${scope}_limit`]
      return limit == null ? [] : [{ scope, limit: Number(limit), used: Number(row?.[`${scope}_used`]) }]
    }
    const tempFiles = Number(row?.["temp_files"])
    return {
      tempFileLimit: tempFiles < 0 ? Option.none() : Option.some(tempFiles),
      sessions: [...of("server"), ...of("role"), ...of("database")],
      maxConnections: Number(row?.["max_connections"]),
      locksPerTransaction: Number(row?.["locks_each"]),
      lockCapacity: Number(row?.["lock_capacity"]),
    }
  })

/**
 * Reads the slot as `cdc` does, up to an LSN before its own: the server loads the plugin, decodes one record and stops. (Moving
 * a slot needs no plugin, so that only a read detects a plugin that may not be loaded.)
 */
const probeSql = `
  SELECT count(*) FROM pg_logical_slot_peek_changes($1, '0/1', 1,
    'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')`

export const probeSlot = (session: PostgresSession, name: string): Effect.Effect<void, SourceError> =>
  Effect.asVoid(session.query(`slot "${name}"`, probeSql, [name]))
