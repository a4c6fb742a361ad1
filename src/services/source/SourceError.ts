/** Errors of the source: the reason, whether a retry helps, and the next action. */
import { Runtime, Schema } from "effect"

/** The consequence of a reason. */
export interface Consequence {
  /** True for a transient error: the same call may succeed later without help, so that it is retried. */
  readonly isRetryable: boolean
  /** The program's exit code, at once or after the last retry. */
  readonly exitCode: 1 | 2 | 3
  readonly advice: string
}

const transient = (advice: string): Consequence => ({ isRetryable: true, exitCode: 1, advice })
/** A person must change something first. */
const permanent = (advice: string): Consequence => ({ isRetryable: false, exitCode: 2, advice })

const beginAgain =
  "A slot cannot skip it: drop the slot (`node dist/main.js drop-slot`), then run `init` and `full`."

/** One row per reason. docs/errors.md is generated from it. */
export const sourceReasons = {
  Unreachable: transient(
    "PostgreSQL did not answer. Check DATABASE_URL or PGHOST and PGPORT, and the network.",
  ),
  Restarting: transient(
    "PostgreSQL is starting, stopping, or has ended the session on request. It is tried again.",
  ),
  Interrupted: transient("PostgreSQL ended the session or the statement. It is tried again."),
  Full: transient("The server has no disk space left. Free some there."),
  OutOfMemory: transient(
    "The server has not enough memory for it now. It is tried again; free some there if it lasts.",
  ),
  OutOfLocks: transient(
    "The server's lock table is full. It is tried again; if it lasts, raise max_locks_per_transaction and restart PostgreSQL.",
  ),
  TooManyConnections: transient(
    "It is tried again until other sessions have ended. If it lasts, raise max_connections, or the role's limit: ALTER ROLE … CONNECTION LIMIT …;",
  ),
  SlotInUse: transient(
    "Another session reads the slot. It is tried again; stop the other reader if it lasts.",
  ),
  SlotMoved: transient("Another session created or moved the slot meanwhile. It is read again."),
  Pooler: permanent(
    "Use the server's own address in DATABASE_URL or PGHOST and PGPORT. Only for a pooler that gives each connection a server session of its own (session pooling) set SOURCE_SESSION_POOLER=allow.",
  ),
  Password: permanent(
    "Check PGUSER and PGPASSWORD (or DATABASE_URL), and pg_hba.conf on the server (`hostssl` there wants PGSSLMODE=require).",
  ),
  Tls: permanent("Check PGSSLMODE and PGSSLROOTCERT, and the certificate of the server."),
  Standby: permanent("Point DATABASE_URL or PGHOST at the primary."),
  ReadOnly: permanent(
    "Find why the server, the database or the role is read-only (SHOW default_transaction_read_only; a hosted server sets it when its disk is full), and end that.",
  ),
  DatabaseMissing: permanent("Correct PGDATABASE or DATABASE_URL."),
  SchemaOrTableMissing: permanent("Correct SOURCE_TABLES, or create the table."),
  NotATable: permanent("Name the table itself in SOURCE_TABLES."),
  KeyExcluded: permanent(
    "Remove the column from COLUMNS_EXCLUDE. COLUMNS_HASH may name it: its hashes identify rows too. If it is new, set ON_NEW_COLUMN=include.",
  ),
  NotFollowed: permanent(
    "`full` can copy it; take it out of SOURCE_TABLES for `cdc`, or name the tables behind it.",
  ),
  Permission: permanent(
    "`node dist/main.js doctor` prints the statements that grant it, like GRANT USAGE ON SCHEMA … TO …; GRANT SELECT ON … TO …; or, against row-level security, ALTER ROLE … BYPASSRLS;",
  ),
  NotReplicationRole: permanent(
    "As a superuser: ALTER ROLE … REPLICATION; (`node dist/main.js doctor` prints it with the role's name).",
  ),
  PluginNotAllowed: permanent(
    "As a superuser: ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding; SELECT pg_reload_conf(); with the others that SHOW output_plugin_libraries; names, each without quotes: one quoted string would be one name.",
  ),
  PluginMissing: permanent(
    "Install the server's contrib modules (Debian: part of postgresql-NN; Red Hat: postgresql-contrib); it needs no restart.",
  ),
  WalLevel: permanent("Set wal_level = logical in postgresql.conf and restart PostgreSQL."),
  SlotMissing: permanent("Create it with `node dist/main.js init`, then run `full`."),
  SlotPlugin: permanent(
    "Choose another REPLICATION_SLOT and run `node dist/main.js init`, or drop that slot if nothing uses it.",
  ),
  SlotDatabase: permanent(
    "A slot belongs to one database: choose another REPLICATION_SLOT and run `node dist/main.js init`, or correct PGDATABASE or DATABASE_URL.",
  ),
  SlotsExhausted: permanent(
    "Raise max_replication_slots and restart PostgreSQL, or drop a slot that nothing uses.",
  ),
  TempFileLimit: permanent(
    "As a superuser: ALTER ROLE … SET temp_file_limit = -1; (or more than the largest transaction takes). BATCH_MAX_CHANGES does not help: a transaction is never split.",
  ),
  ServerLimit: permanent("Raise the limit that the message names in the server's configuration."),
  TooLarge: permanent(`PostgreSQL cannot print a row of more than 1 GB. Make it smaller. ${beginAgain}`),
  MessageTooLarge: permanent(
    `The slot holds a change or a message (pg_logical_emit_message) of about 1 GB, which PostgreSQL itself cannot decode. ${beginAgain} So that no other role can do it again: REVOKE EXECUTE ON FUNCTION pg_logical_emit_message … FROM PUBLIC, as query/role.sql does with -v messages=revoke.`,
  ),
  Encoding: permanent(`A value or name cannot be written in UTF-8. Correct it in the table. ${beginAgain}`),
  Corrupted: permanent(
    "The server's data are damaged. Look into its log, and restore it from a backup before anything else.",
  ),
  TooOld: permanent("Upgrade the server: PostgreSQL 13 or newer is needed."),
  OpenTransactions: {
    ...permanent(
      "A slot begins when the transactions open now have ended. End them and try again: SELECT pid, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL; and, since a prepared transaction has no session, SELECT gid, prepared FROM pg_prepared_xacts; with COMMIT PREPARED or ROLLBACK PREPARED.",
    ),
    exitCode: 1,
  },
  OldTransaction: {
    ...permanent(
      "Run COMMIT or ROLLBACK in it, or SELECT pg_terminate_backend(…); for a prepared one COMMIT PREPARED or ROLLBACK PREPARED. Then run the same command again. `cdc` need not stop.",
    ),
    exitCode: 1,
  },
  NotBegun: {
    ...permanent(
      "Look into its log; send it SIGHUP if SOURCE_TABLES has changed since it started; with BATCH_MIN_WAL wait for BATCH_MAX_WAIT. Then run the same command again.",
    ),
    exitCode: 1,
  },
  SlotLost: {
    ...permanent(
      "PostgreSQL has discarded changes not yet read. Raise max_slot_wal_keep_size, drop the slot (`node dist/main.js drop-slot`), run `init` and `full` again.",
    ),
    exitCode: 3,
  },
  Failed: {
    ...permanent(
      'Look into the server\'s log; the manual explains the code (appendix "PostgreSQL Error Codes"). `node dist/main.js doctor` may find what is wrong.',
    ),
    exitCode: 1,
  },
} as const satisfies Record<string, Consequence>

export type SourceReason = keyof typeof sourceReasons

// `Object.keys` loses the type of the keys, which are these.
export const SourceReason = Schema.Literals(Object.keys(sourceReasons) as ReadonlyArray<SourceReason>)

/** A failure of PostgreSQL. `subject` is the server, table or slot, without row values or secrets. */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  reason: SourceReason,
  subject: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  /** True if the same call may succeed later. */
  get isRetryable(): boolean {
    return sourceReasons[this.reason].isRetryable
  }
  override get [Runtime.errorExitCode](): number {
    return sourceReasons[this.reason].exitCode
  }
  /** The next action for a person. */
  get advice(): string {
    return sourceReasons[this.reason].advice
  }
  override get message(): string {
    return `Source, ${this.subject}: ${this.detail.replace(/\.$/, "")}. ${this.advice}`
  }
}
