/** Reads facts of the server: its identity, its timeline, and transaction ids. Needs no permissions. */
import { Effect } from "effect"
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
