/**
 * Turns what the driver throws into a `SourceError`: the only place that knows SQLSTATEs and socket errors.
 * The most specific rule comes first. Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
 */
import { Option } from "effect"
import { SourceError, type SourceReason } from "../src/services/SourceError.ts"
import { tlsProblem } from "./TlsProblems.ts"

interface DriverFailure {
  readonly code: string
  readonly message: string
}

const failureOf = (cause: unknown): DriverFailure => {
  // Node reports several refused addresses of one name as one AggregateError without a message.
  const error = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause
  return error instanceof Error
    ? { code: "code" in error && typeof error.code === "string" ? error.code : "", message: error.message }
    : { code: "", message: String(error) }
}

type Rule = readonly [RegExp, RegExp, SourceReason]
const any = /(?:)/

/** SQLSTATE or errno, message, meaning. */
const rules: ReadonlyArray<Rule> = [
  [/^28P01$|^28000$/, any, "Password"],
  [any, /SASL|password must be a string|no password/i, "Password"],
  [/^3D000$/, any, "DatabaseMissing"],
  [/^42704$/, /replication slot/, "SlotMissing"],
  [/^55006$/, /replication slot/, "SlotInUse"],
  [/^55000$/, /can no longer get changes|cannot be advanced|invalidated/, "SlotLost"],
  [/^55000$/, /was not created in this database/, "SlotDatabase"],
  [/^55000$/, /wal_level/, "WalLevel"],
  [/^53400$/, /replication slots are in use/, "SlotsExhausted"],
  [/^42501$/, /replication/i, "NotReplicationRole"],
  [/^42501$/, any, "Permission"],
  [/^(42P01|3F000)$/, any, "SchemaOrTableMissing"],
  [/^54000$/, any, "TooLarge"],
  [/^(22021|22P05)$/, any, "Encoding"],
  [/^53100$/, any, "Full"],
  [/^(08|53|57P0)/, any, "Unreachable"],
  [/^(57014|55P03|40|25P0)/, any, "Interrupted"],
  [/^(ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|ENOENT|ESOCKET)/, any, "Unreachable"],
  [/^(ERR_TLS|ERR_OSSL|ERR_MISSING_PASSPHRASE)/, any, "Tls"],
  // What is left of these broke in the middle, and may pass: `tlsProblem` knows the ones that stay.
  [/^(ERR_SSL|EPROTO)/, any, "Unreachable"],
  [any, /does not support SSL|certificate/i, "Tls"],
  // Not a byte of TLS was spoken: the server could not even answer the question.
  [any, /error establishing an SSL connection/, "Unreachable"],
  [any, /Connection terminated|timeout|not queryable|connection error/i, "Unreachable"],
]

/** Only these messages are repeated: they name things we own. Others might quote a row's values. */
const quotable = /^(28|3D|42501|42P01|42704|3F|53|54000|55|57|08)/

/** What is known to fail TLS, with the next action. The variables bear libpq's names. */
const tlsDetail = ({ code, message }: DriverFailure): Option.Option<string> => {
  if (message.includes("does not support SSL")) {
    return Option.some("the server does not speak TLS, which PGSSLMODE asks for; switch `ssl` on there")
  }
  return code === "28000" && message.includes("client certificate")
    ? Option.some(`${message}; name its files in PGSSLCERT and PGSSLKEY`)
    : tlsProblem(code, message, "PGSSLROOTCERT")
}

export const classify = (cause: unknown): SourceReason => {
  const { code, message } = failureOf(cause)
  if (Option.isSome(tlsDetail({ code, message }))) return "Tls"
  return rules.find(([codes, messages]) => codes.test(code) && messages.test(message))?.[2] ?? "Failed"
}

/** `subject` names the server, table or slot that was asked for. */
export const sourceError =
  (subject: string) =>
  (cause: unknown): SourceError => {
    if (cause instanceof SourceError) return cause
    const failure = failureOf(cause)
    const { code, message } = failure
    const isSqlState = /^[0-9A-Z]{5}$/.test(code)
    const detail = Option.getOrElse(tlsDetail(failure), () =>
      !isSqlState || quotable.test(code) ? message || code : `PostgreSQL reported error ${code}`,
    )
    return new SourceError({ reason: classify(cause), subject, detail })
  }
