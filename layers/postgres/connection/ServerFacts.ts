/** Reads facts of the server: its identity, its timeline, and transaction ids. Needs no permissions. */
import { Effect, Option } from "effect"
import type { OldestTransaction } from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import type { SourceIdentity } from "../../../src/services/source/SourceTables.ts"
import type { PostgresSession } from "./PostgresSession.ts"

export const identify = (session: PostgresSession): Effect.Effect<SourceIdentity, SourceError> =>
  session
    .query(
      "server",
      "SELECT system_identifier::text AS id, current_database() AS database FROM pg_control_system()",
    )
    .pipe(
      Effect.map((rows) => ({
        systemIdentifier: rows[0]?.["id"] ?? "",
        database: rows[0]?.["database"] ?? "",
      })),
    )

/**
 * The first eight hexadecimal digits of the present WAL file's name. `pg_control_checkpoint()` has the timeline of the last
 * checkpoint, which after a promotion may be the old one for minutes.
 */
const timelineSql = "SELECT left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) AS timeline"

export const timelineOf = (session: PostgresSession): Effect.Effect<number, SourceError> =>
  Effect.map(session.query("server", timelineSql), ([row]) => Number.parseInt(row?.["timeline"] ?? "0", 16))

/** Reads a 64-bit transaction id. `answer` is an SQL expression. */
const askXid = (session: PostgresSession, answer: string): Effect.Effect<bigint, SourceError> =>
  Effect.flatMap(session.query("server", `SELECT ${answer}::text AS xid`), ([row]) =>
    row?.["xid"] == null
      ? new SourceError({ reason: "Failed", subject: "server", detail: "it gave no transaction id" })
      : Effect.succeed(BigInt(row["xid"])),
  )

export const newXid = (session: PostgresSession) => askXid(session, "pg_current_xact_id()")

export const oldestXid = (session: PostgresSession) =>
  askXid(session, "pg_snapshot_xmin(pg_current_snapshot())")

/**
 * Every transaction with an id holds a lock on it, which each role may see; a prepared one has no session. Other roles'
 * applications are hidden without pg_read_all_stats.
 */
const oldestSql = `
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, held.holder
    FROM (SELECT) AS one LEFT JOIN (
      SELECT CASE WHEN l.pid IS NULL THEN 'prepared transaction ' || quote_literal(p.gid) || ', since ' || p.prepared
                  ELSE concat('session ', l.pid, ' (' || nullif(a.application_name, '') || ')', ', since ' || a.xact_start) END AS holder
        FROM pg_locks l
        LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        LEFT JOIN pg_prepared_xacts p ON p.transaction = l.transactionid
       WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
       ORDER BY age(l.transactionid) DESC LIMIT 1) AS held ON true`

export const oldestTransaction = (session: PostgresSession): Effect.Effect<OldestTransaction, SourceError> =>
  Effect.map(session.query("server", oldestSql), ([row]) => ({
    xid: BigInt(row?.["xmin"] ?? "0"),
    holder: Option.fromNullishOr(row?.["holder"]),
  }))
