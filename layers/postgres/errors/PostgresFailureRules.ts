/**
 * The reason of each failure of PostgreSQL or of the connection to it, as data; docs/errors.md is generated from it. The first
 * matching rule decides, so that more specific rules come first.
 *
 * Sources: PostgreSQL manual, appendix "PostgreSQL Error Codes"; `ereport` in its source for words and routines; Node's
 * manual, "Common system errors". Messages may be translated (`lc_messages`), names of settings and routines are not.
 */
import type { SourceReason } from "../../../src/services/source/SourceError.ts"

export interface FailureRule {
  /** SQLSTATEs, classes of them (two characters), or codes of Node. Empty: errors of the driver itself. */
  readonly codes: ReadonlyArray<string>
  /** Must match the message, or the routine of the server's source that raised it. */
  readonly says?: RegExp
  /** Applies to slots only: for a table the same error has another reason. */
  readonly about?: "slot"
  readonly reason: SourceReason
  /** A message of the server or the driver. */
  readonly example: string
}

/** Failures of sockets and of name servers: the other side may return at any time. */
const networkCodes =
  "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTFOUND EAI_AGAIN EAI_FAIL ETIMEDOUT EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENOENT"

/** `codes` are separated by blanks. */
const rule = (
  codes: string,
  reason: SourceReason,
  example: string,
  says?: RegExp,
  about?: FailureRule["about"],
): FailureRule => ({
  codes: codes.split(" ").filter((code) => code !== ""),
  reason,
  example,
  ...(says && { says }),
  ...(about && { about }),
})

export const failureRules: ReadonlyArray<FailureRule> = [
  // Class 28 and 3D: who, and to which database.
  rule("28P01 28000", "Password", 'password authentication failed for user "x"'),
  rule(
    "",
    "Password",
    "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
    /SASL|password must be a string|no password/i,
  ),
  // PgBouncer uses one code for all its own messages.
  rule("08P01", "Pooler", "unsupported startup parameter: options", /unsupported startup parameter/),
  rule(
    "08P01",
    "Password",
    "password authentication failed",
    /password authentication failed|SASL authentication failed|no such user/,
  ),
  rule("08P01", "DatabaseMissing", "no such database: loja", /no such database/),
  rule("3D000", "DatabaseMissing", 'database "loja" does not exist'),
  rule(
    "55000",
    "DatabaseMissing",
    'database "template0" is not currently accepting connections',
    /is not currently accepting connections/,
  ),
  rule("57P04", "DatabaseMissing", "terminating connection because the database was dropped"),
  // A standby. Elsewhere `connectToPrimary` has refused it before.
  rule(
    "55000 25006 0A000 XX000 57P03",
    "Standby",
    "recovery is in progress",
    /recovery is in progress|(during|while in) recovery|pg_current_wal_\w+_lsn|hot standby mode is disabled/i,
  ),
  rule("25006", "ReadOnly", "cannot execute CREATE TABLE in a read-only transaction"),
  // The slot.
  rule("42704", "SlotMissing", 'replication slot "s" does not exist', /replication slot|ReplicationSlot/),
  rule("55006", "SlotInUse", 'replication slot "s" is active for PID 7', /replication slot|ReplicationSlot/),
  rule("42710", "SlotMoved", 'replication slot "s" already exists', undefined, "slot"),
  rule(
    "55000",
    "SlotMoved",
    "cannot advance replication slot to 0/1, minimum is 0/2",
    /cannot advance replication slot to/,
  ),
  rule(
    "55000",
    "SlotLost",
    'can no longer get changes from replication slot "s"',
    /can no longer (get changes|access)|cannot read from logical replication slot|cannot be advanced|invalidated/,
  ),
  rule(
    "58P01",
    "SlotLost",
    "requested WAL segment 000000010000000000000001 has already been removed",
    /requested WAL segment/,
  ),
  rule(
    "55000",
    "SlotDatabase",
    'replication slot "s" was not created in this database',
    /was not created in this database/,
  ),
  rule("55000", "WalLevel", "logical decoding requires wal_level >= logical", /wal_level/),
  rule(
    "58P01",
    "PluginMissing",
    'could not access file "test_decoding": No such file or directory',
    /test_decoding|pgoutput/,
  ),
  // Permissions.
  rule(
    "42501",
    "PluginNotAllowed",
    'library "test_decoding" may not be used as an output plugin',
    /output plugin|output_plugin_libraries/,
  ),
  rule(
    "42501",
    "NotReplicationRole",
    "permission denied to use replication slots",
    /replication|walsender|CheckSlotPermissions/i,
  ),
  rule("42501", "Permission", "permission denied for table cliente"),
  // Names.
  rule("42P01 3F000", "SchemaOrTableMissing", 'relation "x.y" does not exist'),
  rule("42809", "NotATable", '"i" is an index'),
  rule("42883", "TooOld", "function pg_current_xact_id() does not exist"),
  // Limits of the server.
  rule(
    "53400",
    "SlotsExhausted",
    "all replication slots are in use",
    /replication slots are in use|ReplicationSlotCreate/,
  ),
  rule("53400", "TempFileLimit", "temporary file size exceeds temp_file_limit (1024kB)", /temp_file_limit/),
  rule("53400", "ServerLimit", "too many replication origins"),
  rule("53100", "Full", "could not write to file: No space left on device"),
  rule("53200", "OutOfLocks", "out of shared memory", /shared memory|max_locks_per_transaction|LockAcquire/),
  rule("53200 53000", "OutOfMemory", "out of memory"),
  rule("53300", "TooManyConnections", "sorry, too many clients already"),
  rule(
    "XX000",
    "MessageTooLarge",
    "invalid memory alloc request size 1073741824",
    /invalid memory alloc request size \d{10}$/,
    "slot",
  ),
  rule(
    "XX000",
    "TooLarge",
    "invalid memory alloc request size 1258291203",
    /invalid memory alloc request size \d{10}$/,
  ),
  rule("XX001 XX002", "Corrupted", "invalid page in block 7 of relation base/5/16384"),
  rule(
    "XX000",
    "Corrupted",
    "invalid memory alloc request size 18446744073709551613",
    /invalid memory alloc request size \d{11,}$/,
  ),
  rule("54000", "TooLarge", "out of memory"),
  rule("22021 22P05", "Encoding", 'invalid byte sequence for encoding "UTF8": 0xff'),
  // Transient errors of the server.
  rule("57P01 57P02 57P03", "Restarting", "the database system is starting up"),
  rule("57014 57P05 57000", "Interrupted", "canceling statement due to user request"),
  rule("55P03", "Interrupted", "canceling statement due to lock timeout"),
  rule("40", "Interrupted", "could not serialize access due to concurrent update"),
  rule("25P02 25P03 25P04", "Interrupted", "terminating connection due to idle-in-transaction timeout"),
  rule("08", "Unreachable", "connection failure"),
  // The connection.
  rule(networkCodes, "Unreachable", "connect ECONNREFUSED 127.0.0.1:5432"),
  rule("ERR_TLS* ERR_OSSL* ERR_MISSING_PASSPHRASE", "Tls", "key values mismatch"),
  // A TLS connection that broke, which is transient: `tlsProblem` has explained the permanent errors before.
  rule("ERR_SSL* EPROTO", "Unreachable", "bad record mac"),
  rule("", "Tls", "The server does not support SSL connections", /does not support SSL|certificate/i),
  // The server ended the connection before TLS began.
  rule(
    "",
    "Unreachable",
    "There was an error establishing an SSL connection",
    /error establishing an SSL connection/,
  ),
  rule(
    "",
    "Unreachable",
    "Connection terminated unexpectedly",
    /Connection terminated|timeout|not queryable|connection error/i,
  ),
]
