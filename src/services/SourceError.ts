/** What can go wrong with the source: why, and what the person in front of it does next. */
import { Runtime, Schema } from "effect"

/** What can go wrong with PostgreSQL, and what the person in front of it does next. */
const advice = {
  Unreachable: "PostgreSQL did not answer. Check DATABASE_URL or PGHOST and PGPORT, and the network.",
  Interrupted: "PostgreSQL ended the session or the statement. It is tried again.",
  Full: "The server has no disk space left for its temporary files. Free some.",
  SlotInUse: "Another session reads the slot. It is tried again; stop the other reader if it stays.",
  Password:
    "Check PGUSER and PGPASSWORD (or DATABASE_URL), and pg_hba.conf on the server (`hostssl` there wants PGSSLMODE=require).",
  Tls: "Check PGSSLMODE and PGSSLROOTCERT, and the certificate of the server.",
  DatabaseMissing: "Correct PGDATABASE or DATABASE_URL.",
  SchemaOrTableMissing: "Correct SOURCE_TABLES, or create the table.",
  NotFollowed: "`full` can copy it; take it out of SOURCE_TABLES for `cdc`, or name the tables behind it.",
  Permission:
    "`node dist/main.js doctor` prints the statements that grant it, like GRANT USAGE ON SCHEMA … TO …; GRANT SELECT ON … TO …; or, against row-level security, ALTER ROLE … BYPASSRLS;",
  NotReplicationRole:
    "As a superuser: ALTER ROLE … REPLICATION; (`node dist/main.js doctor` prints it with the role's name).",
  WalLevel: "Set wal_level = logical in postgresql.conf and restart PostgreSQL.",
  SlotMissing: "Create it with `node dist/main.js init`, then run `full`.",
  SlotPlugin:
    "Choose another REPLICATION_SLOT and run `node dist/main.js init`, or drop that slot if nothing uses it.",
  SlotDatabase:
    "A slot belongs to one database: choose another REPLICATION_SLOT and run `node dist/main.js init`, or correct PGDATABASE or DATABASE_URL.",
  OpenTransactions:
    "A slot begins when the transactions open now have ended: end them (pg_stat_activity) and try again.",
  SlotsExhausted: "Raise max_replication_slots and restart PostgreSQL, or drop a slot that nothing uses.",
  SlotLost:
    "PostgreSQL has discarded changes not yet read. Raise max_slot_wal_keep_size, drop the slot (`node dist/main.js drop-slot`), run `init` and `full` again.",
  TooLarge:
    "PostgreSQL cannot print a row of more than 1 GB. Make it smaller; a slot cannot pass by it: drop it (`node dist/main.js drop-slot`), then run `init` and `full`.",
  Encoding:
    "A value or name cannot be written in UTF-8. Correct it in the table; a slot cannot pass by it: drop it (`node dist/main.js drop-slot`), then run `init` and `full`.",
  Failed:
    'Look into the server\'s log; the manual explains the code (appendix "PostgreSQL Error Codes"). `node dist/main.js doctor` may find what is wrong.',
} as const

export const SourceReason = Schema.Literals([
  "Unreachable",
  "Interrupted",
  "Full",
  "SlotInUse",
  "Password",
  "Tls",
  "DatabaseMissing",
  "SchemaOrTableMissing",
  "NotFollowed",
  "Permission",
  "NotReplicationRole",
  "WalLevel",
  "SlotMissing",
  "SlotPlugin",
  "SlotDatabase",
  "OpenTransactions",
  "SlotsExhausted",
  "SlotLost",
  "TooLarge",
  "Encoding",
  "Failed",
])
export type SourceReason = typeof SourceReason.Type

/** What no setting of ours can mend, and waiting may not either. */
const endsWithOne: ReadonlySet<SourceReason> = new Set(["Failed", "OpenTransactions"])
const healing: ReadonlySet<SourceReason> = new Set(["Unreachable", "Interrupted", "Full", "SlotInUse"])

/** A failure of PostgreSQL. `subject` is the server, table or slot; no row value, no secret is ever in it. */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  reason: SourceReason,
  subject: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  /** Only these heal by waiting. */
  get isRetryable(): boolean {
    return healing.has(this.reason)
  }
  override get [Runtime.errorExitCode](): number {
    return this.reason === "SlotLost" ? 3 : this.isRetryable || endsWithOne.has(this.reason) ? 1 : 2
  }
  /** What the person in front of it does next. */
  get advice(): string {
    return advice[this.reason]
  }
  override get message(): string {
    return `Source, ${this.subject}: ${this.detail.replace(/\.$/, "")}. ${this.advice}`
  }
}
