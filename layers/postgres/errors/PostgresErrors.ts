/** Converts errors of the driver to `SourceError`, by the rules of `PostgresFailureRules.ts`. */
import { Option } from "effect"
import { SourceError, type SourceReason } from "../../../src/services/source/SourceError.ts"
import { tlsProblem } from "../../node/TlsProblems.ts"
import { type FailureRule, failureRules } from "./PostgresFailureRules.ts"

interface DriverFailure {
  /** SQLSTATE, Node's code, or empty. */
  readonly code: string
  readonly message: string
  /** The routine in the server's source, which is independent of the language of messages. */
  readonly routine: string
}

const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code)

const failureOf = (cause: unknown): DriverFailure => {
  // Node reports several refused addresses of one name as one AggregateError without a message.
  const error = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause
  if (!(error instanceof Error)) return { code: "", message: String(error), routine: "" }
  return {
    code: "code" in error && typeof error.code === "string" ? error.code : "",
    message: error.message,
    routine: "routine" in error && typeof error.routine === "string" ? error.routine : "",
  }
}

const matches = (wanted: string, code: string): boolean =>
  wanted.endsWith("*")
    ? code.startsWith(wanted.slice(0, -1))
    : wanted.length === 2
      ? isSqlState(code) && code.startsWith(wanted)
      : code === wanted

const fits =
  ({ code, message, routine }: DriverFailure, subject: string) =>
  ({ codes, says, about }: FailureRule): boolean =>
    (codes.length === 0 ? !isSqlState(code) : codes.some((wanted) => matches(wanted, code))) &&
    (says === undefined || says.test(message) || says.test(routine)) &&
    (about === undefined || subject.startsWith(about))

/** Only these messages are repeated: they contain only names. Others might quote a row's values. */
const quotable = /^(28|3D|42501|42P01|42704|42710|42883|3F|25|40|53|54000|55|57|58|08|XX00[12])/
const quotableWords =
  /^(invalid memory alloc request size \d+|cannot assign \w+( IDs)? during recovery|logical decoding cannot be used while in recovery)$/
const isQuotable = ({ code, message }: DriverFailure): boolean =>
  quotable.test(code) || quotableWords.test(message)

/** Explains a TLS failure, with the next action; none for other failures. The variables have libpq's names. */
const tlsDetail = ({ code, message }: DriverFailure): Option.Option<string> => {
  if (message.includes("does not support SSL")) {
    return Option.some("the server does not speak TLS, which PGSSLMODE asks for; switch `ssl` on there")
  }
  return code === "28000" && message.includes("client certificate")
    ? Option.some(`${message}; name its files in PGSSLCERT and PGSSLKEY`)
    : tlsProblem(code, message, "PGSSLROOTCERT")
}

const reasonOf = (failure: DriverFailure, subject: string): SourceReason =>
  Option.isSome(tlsDetail(failure)) ? "Tls" : (failureRules.find(fits(failure, subject))?.reason ?? "Failed")

/** Converts an error. `subject` names the server, table or slot. */
export const sourceError =
  (subject: string) =>
  (cause: unknown): SourceError => {
    if (cause instanceof SourceError) return cause
    const failure = failureOf(cause)
    const { code, message } = failure
    const detail = Option.getOrElse(tlsDetail(failure), () =>
      !isSqlState(code) || isQuotable(failure) ? message || code : `PostgreSQL reported error ${code}`,
    )
    return new SourceError({ reason: reasonOf(failure, subject), subject, detail })
  }
