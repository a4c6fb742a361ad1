import { assert, describe, it } from "@effect/vitest"
import { classify, sourceError } from "../../layers/PostgresErrors.ts"
import type { SourceReason } from "../../src/services/SourceError.ts"

const driverError = (code: string, message: string) => Object.assign(new Error(message), { code })

/** As PostgreSQL 15 and Node word them. The order of the rules matters: one code may mean several things. */
const cases: ReadonlyArray<readonly [code: string, message: string, SourceReason]> = [
  ["28P01", 'password authentication failed for user "x"', "Password"],
  ["28000", 'no pg_hba.conf entry for host "10.0.0.1", user "x"', "Password"],
  ["3D000", 'database "loja" does not exist', "DatabaseMissing"],
  ["42704", 'replication slot "s" does not exist', "SlotMissing"],
  ["55006", 'replication slot "s" is active for PID 7', "SlotInUse"],
  ["55000", 'can no longer get changes from replication slot "s"', "SlotLost"],
  ["55000", 'replication slot "s" was not created in this database', "SlotDatabase"],
  ["55000", "logical decoding requires wal_level >= logical", "WalLevel"],
  ["53400", "all replication slots are in use", "SlotsExhausted"],
  ["42501", "must be superuser or replication role to use replication slots", "NotReplicationRole"],
  ["42501", "permission denied for table cliente", "Permission"],
  ["42P01", 'relation "x.y" does not exist', "SchemaOrTableMissing"],
  ["54000", "out of memory", "TooLarge"],
  ["22021", 'invalid byte sequence for encoding "UTF8": 0xff', "Encoding"],
  ["53100", "could not write to file: No space left on device", "Full"],
  ["53300", "sorry, too many clients already", "Unreachable"],
  ["57P01", "terminating connection due to administrator command", "Unreachable"],
  ["57P03", "the database system is starting up", "Unreachable"],
  ["57014", "canceling statement due to statement timeout", "Interrupted"],
  ["55P03", "canceling statement due to lock timeout", "Interrupted"],
  ["40001", "could not serialize access due to concurrent update", "Interrupted"],
  ["25P03", "terminating connection due to idle-in-transaction timeout", "Interrupted"],
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "Unreachable"],
  ["", "Connection terminated unexpectedly", "Unreachable"],
  ["", "The server does not support SSL connections", "Tls"],
  ["", "There was an error establishing an SSL connection", "Unreachable"],
  ["28000", "connection requires a valid client certificate", "Tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number", "Tls"],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tlsv1 alert protocol version", "Tls"],
  ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "bad record mac", "Unreachable"],
  ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "key values mismatch", "Tls"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain", "Tls"],
  ["22P02", "invalid input syntax for type integer", "Failed"],
]

describe("an error of PostgreSQL", () => {
  it.each(cases)("%s, %s: is understood as %s", (code, message, reason) => {
    assert.strictEqual(classify(driverError(code, message)), reason)
  })

  it("is not repeated where its words may hold a row's value", () => {
    const { message } = sourceError("table t")(
      driverError("22P02", 'invalid input syntax for type date: "João"'),
    )
    assert.notInclude(message, "João")
  })

  it("of several addresses of one name is the error of the first", () => {
    const refused = driverError("ECONNREFUSED", "connect ECONNREFUSED ::1:5432")
    assert.strictEqual(classify(new AggregateError([refused])), "Unreachable")
  })
})
