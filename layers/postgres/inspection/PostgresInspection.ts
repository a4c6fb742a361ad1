/** The queries of `doctor` to PostgreSQL's catalogs and settings. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import {
  type RoleFacts,
  type ServerFacts,
  type SessionFacts,
  type SlotSnapshot,
  SourceInspection,
} from "../../../src/services/source/SourceInspection.ts"
import {
  connect,
  describeAddress,
  loginOf,
  type PostgresSession,
  type Row,
} from "../connection/PostgresSession.ts"
import { identify } from "../connection/ServerFacts.ts"
import { living, writers } from "../slot/SlotLocks.ts"
import { tableFacts } from "../tables/description/PostgresTableFacts.ts"
import { relations } from "../tables/PostgresRelations.ts"
import { limits, probeSlot } from "./PostgresLimits.ts"

/** Settings that a version does not know are NULL. */
const serverSql = `
  SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
         pg_is_in_recovery() AS recovering, current_setting('server_encoding') AS encoding,
         current_setting('wal_level') AS wal_level,
         current_setting('max_replication_slots') AS max_slots, (SELECT count(*) FROM pg_replication_slots) AS used_slots,
         current_setting('max_wal_senders') AS max_senders,
         pg_size_bytes(current_setting('max_slot_wal_keep_size', true)) AS log_limit,
         pg_size_bytes(current_setting('logical_decoding_work_mem', true)) AS decoding_memory,
         (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls`

const roleSql =
  "SELECT rolname AS name, rolsuper OR rolreplication AS replicates FROM pg_roles WHERE rolname = current_user"

/** Functions that `full` and `cdc` call and that an administrator may have revoked from PUBLIC. */
const functionsSql = `
  SELECT called FROM unnest(ARRAY[
      'pg_control_system()', 'pg_current_wal_insert_lsn()', 'pg_current_wal_flush_lsn()', 'pg_current_snapshot()',
      'pg_walfile_name(pg_lsn)', 'pg_current_xact_id()',
      'pg_logical_slot_peek_changes(name, pg_lsn, integer, text[])', 'pg_replication_slot_advance(name, pg_lsn)'
    ]) AS called
   WHERE NOT has_function_privilege(called, 'EXECUTE')`

/** Changes nothing: the server checks the permission first, and then fails, because there is no such slot. */
const advanceSql = "SELECT pg_replication_slot_advance('afluente_doctor', '0/0')"

/** SQL for the end of the WAL. On a standby, which `doctor` must recognise, it is the replayed position. */
const walEnd = (ofPrimary: string) =>
  `CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE ${ofPrimary}() END::text`

const walPositionSql = `
  SELECT ${walEnd("pg_current_wal_insert_lsn")} AS position,
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS millis`

/** Returns one row. `processes` has one session per line: application names contain no control characters. */
const slotSql = `
  SELECT ${walEnd("pg_current_wal_flush_lsn")} AS flushed, slot.slot_name AS name, slot.plugin, slot.database,
         slot.database = current_database() AS here, slot.wal_status, slot.confirmed_flush_lsn::text AS confirmed,
         slot.restart_lsn::text AS restart, slot.safe_wal_size::text AS safe, slot.active_pid::text AS reader_pid,
         (SELECT application_name FROM pg_stat_activity WHERE pid = slot.active_pid) AS reader,
         writer.pid::text AS writer_pid, writer.application_name AS writer,
         (SELECT string_agg(pid || ' ' || application_name, chr(10) ORDER BY pid)
            FROM (${living("wanted")}) AS one) AS processes
    FROM (SELECT $1::text AS wanted) AS one
    LEFT JOIN pg_replication_slots AS slot ON slot.slot_name = wanted
    LEFT JOIN LATERAL (${writers("wanted")}
       LIMIT 1) AS writer ON true`

const isTrue = (value: string | null | undefined): boolean => value === "t"

/** A size of -1 means no limit; NULL is a setting that this version does not have. */
const size = (value: string | null | undefined): Option.Option<number> =>
  value == null || value.startsWith("-") ? Option.none() : Option.some(Number(value))

const sessionOf = (
  pid: string | null | undefined,
  application: string | null | undefined,
): Option.Option<SessionFacts> =>
  pid == null ? Option.none() : Option.some({ pid: Number(pid), application: application ?? "" })

const position = (value: string | null | undefined): Option.Option<Lsn.Lsn> => Lsn.parse(value ?? "")
const positionOrZero = (value: string | null | undefined): Lsn.Lsn =>
  Option.getOrElse(position(value), () => Lsn.zero)

const first = (session: PostgresSession, about: string, sql: string, values: ReadonlyArray<string> = []) =>
  Effect.map(session.query(about, sql, values), ([row]): Row => row ?? {})

const server = (session: PostgresSession): Effect.Effect<ServerFacts, SourceError> =>
  Effect.map(first(session, "server", serverSql), (row) => ({
    isPooled: session.server.isPooled,
    version: row["version"] ?? "",
    versionNumber: Number(row["number"]),
    inRecovery: isTrue(row["recovering"]),
    encoding: row["encoding"] ?? "",
    walLevel: row["wal_level"] ?? "",
    maxSlots: Number(row["max_slots"]),
    usedSlots: Number(row["used_slots"]),
    maxWalSenders: Number(row["max_senders"]),
    retainedWalLimit: size(row["log_limit"]),
    decodingMemory: size(row["decoding_memory"]),
    tls: Option.fromNullishOr(row["tls"]),
  }))

/** Hosted servers grant the permission by roles of their own: if the catalog says no, the server itself is tried. */
const role = Effect.fnUntraced(function* (
  session: PostgresSession,
): Effect.fn.Return<RoleFacts, SourceError> {
  const row = yield* first(session, "role", roleSql)
  const refused = Effect.as(session.query("role", advanceSql), false).pipe(
    Effect.catch((error) => Effect.succeed(["NotReplicationRole", "Permission"].includes(error.reason))),
  )
  const functions = yield* session.query("role", functionsSql)
  return {
    name: row["name"] ?? "",
    mayReplicate: isTrue(row["replicates"]) || !(yield* refused),
    mayNotCall: functions.map((row) => row["called"] ?? ""),
  }
})

const slotSnapshot = (row: Row): SlotSnapshot => ({
  flushed: positionOrZero(row["flushed"]),
  writer: sessionOf(row["writer_pid"], row["writer"]),
  processes: (row["processes"] ?? "").split("\n").flatMap((line) => {
    const [pid, ...application] = line.split(" ")
    return Option.toArray(sessionOf(pid || null, application.join(" ")))
  }),
  slot:
    row["name"] == null
      ? Option.none()
      : Option.some({
          plugin: Option.fromNullishOr(row["plugin"]),
          database: Option.fromNullishOr(row["database"]),
          isHere: isTrue(row["here"]),
          walStatus: row["wal_status"] ?? "",
          confirmed: positionOrZero(row["confirmed"]),
          restart: position(row["restart"]),
          safeBytes: Option.map(Option.fromNullishOr(row["safe"]), Number),
          reader: sessionOf(row["reader_pid"], row["reader"]),
        }),
})

/** Reads slot, lock holder and WAL position in one query. Takes no lock. */
export const readSlotFacts = (
  session: PostgresSession,
  name: string,
): Effect.Effect<SlotSnapshot, SourceError> =>
  Effect.map(first(session, `slot "${name}"`, slotSql, [name]), slotSnapshot)

const isLocalHost = (host: string): boolean =>
  host.startsWith("/") || host === "localhost" || host === "::1" || host.startsWith("127.")

export const layer = (address: SourceAddress): Layer.Layer<SourceInspection> =>
  Layer.sync(SourceInspection, () => {
    const { servers, user, database } = loginOf(address)
    return SourceInspection.of({
      location: describeAddress(address),
      role: user,
      database,
      isLocal: servers.every(({ target }) => isLocalHost(target)),
      connect: Effect.map(connect(address, "doctor"), (session) => ({
        server: server(session),
        role: role(session),
        limits: limits(session),
        identity: identify(session),
        walPosition: Effect.map(first(session, "server", walPositionSql), (row) => ({
          lsn: positionOrZero(row["position"]),
          millis: Number(row["millis"]),
        })),
        slot: (name) => readSlotFacts(session, name),
        probe: (name) => probeSlot(session, name),
        tables: (names) => tableFacts(session, names),
        relations: relations(session),
      })),
    })
  })
