/**
 * The queries of `doctor`: facts without judgement. None changes the server or takes a lock, except the probe, which holds the
 * slot for a short time. Each query can fail alone.
 */
import { Context, type Effect, type Option, type Result, type Scope } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { SourceError } from "./SourceError.ts"
import type { Relation, RelationsAsked, SourceIdentity, TableDescription } from "./SourceTables.ts"

export interface ServerFacts {
  /** True if a connection pooler is in between, and `SOURCE_SESSION_POOLER=allow` accepts it. */
  readonly isPooled: boolean
  /** `15.18 (Debian 15.18-1)` */
  readonly version: string
  /** `150018` */
  readonly versionNumber: number
  /** True for a standby, or during a restore: it accepts no writes and moves no slot. */
  readonly inRecovery: boolean
  /** Of the database. */
  readonly encoding: string
  readonly walLevel: string
  readonly maxSlots: number
  readonly usedSlots: number
  readonly maxWalSenders: number
  /** Bytes of WAL that a slot may retain (`max_slot_wal_keep_size`); none: without limit. */
  readonly retainedWalLimit: Option.Option<number>
  /** Bytes (`logical_decoding_work_mem`); none before PostgreSQL 13. */
  readonly decodingMemory: Option.Option<number>
  /** `TLSv1.3`, if this connection is encrypted. */
  readonly tls: Option.Option<string>
}

export interface RoleFacts {
  readonly name: string
  /** True with REPLICATION, superuser, or the equivalent of a hosted server. */
  readonly mayReplicate: boolean
  /** Functions that the program needs and this role may not call, such as `pg_control_system()`. */
  readonly mayNotCall: ReadonlyArray<string>
}

/** How many sessions may be open at once. */
export interface SessionLimit {
  readonly scope: "server" | "role" | "database"
  /** Without reserved connections. */
  readonly limit: number
  readonly used: number
}

export interface LimitFacts {
  /** Bytes of temporary files that a session may have (`temp_file_limit`); none: without limit. */
  readonly tempFileLimit: Option.Option<number>
  /** The limits that apply to this role. */
  readonly sessions: ReadonlyArray<SessionLimit>
  /** The setting. */
  readonly maxConnections: number
  /** The setting `max_locks_per_transaction`. */
  readonly locksPerTransaction: number
  /** Number of locks that fit into the server's lock table, for all sessions together. */
  readonly lockCapacity: number
}

export interface TableFacts {
  readonly description: TableDescription
  readonly isUnlogged: boolean
  /** USAGE on its schema. */
  readonly mayUseSchema: boolean
  /** SELECT on it, or on each of its columns. */
  readonly mayRead: boolean
  /** The columns that it may SELECT. */
  readonly readable: ReadonlyArray<string>
  /** Row-level security would hide rows from this role. */
  readonly rowsAreHidden: boolean
}

export interface SessionFacts {
  readonly pid: number
  /** `afluente cdc` */
  readonly application: string
}

export interface SlotFacts {
  /** None for a physical slot. */
  readonly plugin: Option.Option<string>
  /** None for a physical slot. */
  readonly database: Option.Option<string>
  /** True if it belongs to the database that we are connected to. */
  readonly isHere: boolean
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string
  readonly confirmed: Lsn
  /** The restart LSN: the server retains the WAL from here on. None if the slot is lost. */
  readonly restart: Option.Option<Lsn>
  /** Bytes that may still be written before the slot is in danger; none: without limit. */
  readonly safeBytes: Option.Option<number>
  /** The session that reads it now. */
  readonly reader: Option.Option<SessionFacts>
}

export interface SlotSnapshot {
  readonly slot: Option.Option<SlotFacts>
  /** The session that holds the writer's lock: a `cdc` that follows this slot. */
  readonly writer: Option.Option<SessionFacts>
  /** The sessions that hold the liveness lock: one per running `cdc` of this slot, writing, standby or retrying. */
  readonly processes: ReadonlyArray<SessionFacts>
  /** The flushed LSN: all WAL before it is on the server's disk. */
  readonly flushed: Lsn
}

/** The flushed LSN, and when it was read, in milliseconds of the server's clock. */
export interface WalPosition {
  readonly lsn: Lsn
  readonly millis: number
}

/** One session for all queries. */
export interface Inspection {
  readonly server: Effect.Effect<ServerFacts, SourceError>
  readonly role: Effect.Effect<RoleFacts, SourceError>
  readonly limits: Effect.Effect<LimitFacts, SourceError>
  readonly identity: Effect.Effect<SourceIdentity, SourceError>
  readonly walPosition: Effect.Effect<WalPosition, SourceError>
  readonly slot: (name: string) => Effect.Effect<SlotSnapshot, SourceError>
  /** Reads one record of the slot and confirms nothing. Fails with `SlotInUse` while another session reads it. */
  readonly probe: (name: string) => Effect.Effect<void, SourceError>
  /** With few queries. A table that is not there has the result `SchemaOrTableMissing`. */
  readonly tables: (
    tables: ReadonlyArray<TableName>,
  ) => Effect.Effect<ReadonlyArray<Result.Result<TableFacts, SourceError>>, SourceError>
  /** As in a `ChangeVisit`. */
  readonly relations: (asked: RelationsAsked) => Effect.Effect<ReadonlyArray<Relation>, SourceError>
}

export class SourceInspection extends Context.Service<
  SourceInspection,
  {
    /** For messages: `loja on db.example:5432`. */
    readonly location: string
    /** As the settings say. */
    readonly role: string
    readonly database: string
    /** True for a connection through a socket or the loopback interface, where nobody can listen. */
    readonly isLocal: boolean
    readonly connect: Effect.Effect<Inspection, SourceError, Scope.Scope>
  }
>()("afluente/services/SourceInspection") {}
