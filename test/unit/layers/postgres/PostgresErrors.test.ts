import { assert, describe, it } from "@effect/vitest"
import { Runtime } from "effect"
import { sourceError } from "../../../../layers/postgres/errors/PostgresErrors.ts"
import { failureRules } from "../../../../layers/postgres/errors/PostgresFailureRules.ts"
import type { SourceReason } from "../../../../src/services/source/SourceError.ts"

const driverError = (code: string, message: string) => Object.assign(new Error(message), { code })
const of = (code: string, message: string, subject = "server") =>
  sourceError(subject)(driverError(code, message))

/** A SQLSTATE of the class, or a code that begins so. */
const anyOf = (wanted: string): string =>
  wanted.endsWith("*") ? `${wanted.slice(0, -1)}_X` : wanted.length === 2 ? `${wanted}001` : wanted

/**
 * As PostgreSQL 15 and Node word them, and what each must lead to: tried again, or the exit code of one that is not. The
 * order of the rules matters: one code may mean several things.
 */
const cases: ReadonlyArray<
  readonly [code: string, message: string, SourceReason, "tried again" | 1 | 2 | 3, subject?: string]
> = [
  ["28P01", 'password authentication failed for user "x"', "Password", 2],
  ["28000", 'no pg_hba.conf entry for host "10.0.0.1", user "x"', "Password", 2],
  ["3D000", 'database "loja" does not exist', "DatabaseMissing", 2],
  ["57P04", "terminating connection because the database was dropped", "DatabaseMissing", 2],
  // A pooler's own words, all under one code.
  ["08P01", "unsupported startup parameter: options", "Pooler", 2],
  ["08P01", "no such database: loja", "DatabaseMissing", 2],
  ["08P01", "SASL authentication failed", "Password", 2],
  ["08P01", "password authentication failed", "Password", 2],
  ["08P01", "query_wait_timeout", "Unreachable", "tried again"],
  ["42704", 'replication slot "s" does not exist', "SlotMissing", 2],
  ["55006", 'replication slot "s" is active for PID 7', "SlotInUse", "tried again"],
  ["42710", 'replication slot "s" already exists', "SlotMoved", "tried again", 'slot "s"'],
  ["55000", "cannot advance replication slot to 0/1, minimum is 0/2", "SlotMoved", "tried again"],
  ["55000", 'can no longer get changes from replication slot "s"', "SlotLost", 3],
  ["55000", 'can no longer access replication slot "s"', "SlotLost", 3],
  ["55000", 'cannot read from logical replication slot "s"', "SlotLost", 3],
  ["58P01", "requested WAL segment 00000001 has already been removed", "SlotLost", 3],
  ["55000", 'replication slot "s" was not created in this database', "SlotDatabase", 2],
  ["55000", "logical decoding requires wal_level >= logical", "WalLevel", 2],
  ["55000", "recovery is in progress", "Standby", 2],
  ["25006", "cannot execute pg_logical_slot_peek_changes() during recovery", "Standby", 2],
  ["0A000", "logical decoding cannot be used while in recovery", "Standby", 2],
  ["XX000", "cannot assign TransactionIds during recovery", "Standby", 2],
  ["25006", "cannot execute CREATE TABLE in a read-only transaction", "ReadOnly", 2],
  ["53400", "all replication slots are in use", "SlotsExhausted", 2],
  ["53400", "temporary file size exceeds temp_file_limit (1024kB)", "TempFileLimit", 2],
  ["53400", "o tamanho do arquivo temporário excede temp_file_limit (1024kB)", "TempFileLimit", 2],
  ["42501", "must be superuser or replication role to use replication slots", "NotReplicationRole", 2],
  ["42501", 'library "test_decoding" may not be used as an output plugin', "PluginNotAllowed", 2],
  ["58P01", 'could not access file "test_decoding": No such file or directory', "PluginMissing", 2],
  ["42501", "permission denied for table cliente", "Permission", 2],
  ["42501", 'query would be affected by row-level security policy for table "t"', "Permission", 2],
  ["42P01", 'relation "x.y" does not exist', "SchemaOrTableMissing", 2],
  ["54000", "out of memory", "TooLarge", 2],
  ["XX000", "invalid memory alloc request size 1073741824", "MessageTooLarge", 2, 'slot "s"'],
  ["XX000", "invalid memory alloc request size 1258291203", "TooLarge", 2, "table x.y"],
  ["XX000", "invalid memory alloc request size 18446744073709551613", "Corrupted", 2, 'slot "s"'],
  ["XX001", "invalid page in block 7 of relation base/5/16384", "Corrupted", 2],
  ["22021", 'invalid byte sequence for encoding "UTF8": 0xff', "Encoding", 2],
  ["53100", "could not write to file: No space left on device", "Full", "tried again"],
  ["53200", "out of memory", "OutOfMemory", "tried again"],
  ["53200", "out of shared memory", "OutOfLocks", "tried again"],
  ["53300", "sorry, too many clients already", "TooManyConnections", "tried again"],
  ["53300", 'too many connections for role "x"', "TooManyConnections", "tried again"],
  ["57P01", "terminating connection due to administrator command", "Restarting", "tried again"],
  ["57P02", "terminating connection because of crash of another server process", "Restarting", "tried again"],
  ["57P03", "the database system is starting up", "Restarting", "tried again"],
  ["57P05", "terminating connection due to idle-session timeout", "Interrupted", "tried again"],
  ["57014", "canceling statement due to statement timeout", "Interrupted", "tried again"],
  ["55P03", "canceling statement due to lock timeout", "Interrupted", "tried again"],
  ["40001", "could not serialize access due to concurrent update", "Interrupted", "tried again"],
  ["25P03", "terminating connection due to idle-in-transaction timeout", "Interrupted", "tried again"],
  ["08006", "connection failure", "Unreachable", "tried again"],
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "Unreachable", "tried again"],
  ["", "Connection terminated unexpectedly", "Unreachable", "tried again"],
  ["", "The server does not support SSL connections", "Tls", 2],
  ["", "There was an error establishing an SSL connection", "Unreachable", "tried again"],
  ["28000", "connection requires a valid client certificate", "Tls", 2],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number", "Tls", 2],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tlsv1 alert protocol version", "Tls", 2],
  ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "bad record mac", "Unreachable", "tried again"],
  ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "key values mismatch", "Tls", 2],
  ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain", "Tls", 2],
  ["22P02", "invalid input syntax for type integer", "Failed", 1],
  ["XX000", "a timeout that is none of the network", "Failed", 1],
]

describe("an error of PostgreSQL", () => {
  for (const [code, message, reason, end, subject] of cases) {
    it(`${code}, ${message}: is understood as ${reason}, and is ${end}`, () => {
      const error = of(code, message, subject)
      const exit = error[Runtime.errorExitCode]
      assert.deepStrictEqual([error.reason, error.isRetryable ? "tried again" : exit], [reason, end])
    })
  }

  for (const rule of failureRules) {
    for (const wanted of rule.codes.length === 0 ? [""] : rule.codes) {
      it(`${wanted}, ${rule.example}: is not taken by a rule that stands before its own`, () => {
        const code = anyOf(wanted)
        assert.strictEqual(of(code, rule.example, rule.about ?? "server").reason, rule.reason)
      })
    }
  }

  it("is known by the server's routine where its words are translated", () => {
    const cause = Object.assign(driverError("55006", "slot de replicação ativo"), {
      routine: "ReplicationSlotAcquire",
    })
    assert.strictEqual(sourceError('slot "s"')(cause).reason, "SlotInUse")
  })

  it("is not repeated where its words may hold a row's value", () => {
    for (const [code, words] of [
      ["22P02", 'invalid input syntax for type date: "João"'],
      ["XX000", "recovery of João"],
    ] as const) {
      assert.notInclude(of(code, words, "table t").message, "João")
    }
  })

  it("of several addresses of one name is the error of the first", () => {
    const refused = driverError("ECONNREFUSED", "connect ECONNREFUSED ::1:5432")
    assert.strictEqual(sourceError("server")(new AggregateError([refused])).reason, "Unreachable")
  })
})
