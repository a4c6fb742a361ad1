/**
 * Converts failures of the MinIO client to errors of the object store, by the rules of `S3FailureRules.ts`.
 * An answer to HEAD has no body: the client derives `AccessDenied` and `NotFound` from its status.
 */
import { Option } from "effect"
import type { StoreError, StoreReason } from "../../src/services/lake/StoreError.ts"
import { tlsProblem } from "../node/TlsProblems.ts"
import { s3Rules, s3Words } from "./S3FailureRules.ts"
import { s3Error } from "./S3Remedies.ts"

const reasons = new Map(s3Rules.flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)))
const families = [...reasons].filter(([code]) => code.endsWith("*"))

const reasonOf = (code: string, message: string): StoreReason =>
  s3Words.find((row) => row.code === code && row.says.test(message))?.reason ??
  reasons.get(code) ??
  families.find(([family]) => code.startsWith(family.slice(0, -1)))?.[1] ??
  "Broken"

// The client answers 408, 429, 5xx except 501 and 507 with a plain error in these words, and drops the body.
const droppedAnswer = /Retryable HTTP status: (\d+)/

/** Converts one failure. `subject` is the object or bucket of the call, `bucket` the bucket as the user wrote it. */
export const minioError = (cause: unknown, subject: string, bucket: string): StoreError => {
  const { code, message } = describe(cause)
  const status = droppedAnswer.exec(message)?.[1]
  const tls = tlsProblem(code, message, "NODE_EXTRA_CA_CERTS")
  const reason = Option.isSome(tls) ? "Tls" : status !== undefined ? "Busy" : reasonOf(code, message)
  const said = message === "" || message.includes(code) ? message || code : `${code}: ${message}`
  const detail = (): string => {
    if (reason === "BucketName") return bucketNameDetail(bucket)
    if (reason === "Clock")
      return `${said}: this machine's clock and the server's differ by more than 15 minutes`
    if (status !== undefined) return `the server answered HTTP ${status}`
    return said === ""
      ? "the answer is not one of S3 (is this its port, and https:// if it speaks TLS?)"
      : said
  }
  return s3Error({
    reason,
    subject,
    detail: Option.getOrElse(tls, detail),
    // An S3 error has its XML and the signed request in its properties: only its message is passed on.
    cause: new Error(said),
  })
}

/** Says that the bucket's name is refused, with a valid one if it is obvious. */
const bucketNameDetail = (bucket: string): string => {
  const suggestion = bucket.toLowerCase().replaceAll("_", "-")
  return suggestion !== bucket && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(suggestion)
    ? `"${bucket}" is no name for a bucket; use "${suggestion}"`
    : `"${bucket}" is no name for a bucket`
}

const describe = (cause: unknown): { readonly code: string; readonly message: string } => {
  if (!(cause instanceof Error)) return describeXml(cause)
  const own = "code" in cause && typeof cause.code === "string" ? cause.code : ""
  return {
    code: own !== "" ? own : reasons.has(cause.name) ? cause.name : "",
    // A host with several addresses fails with one error per address and no message of its own.
    message:
      cause.message === "" && cause instanceof AggregateError ? String(cause.errors[0]) : cause.message,
  }
}

/** Reads an error inside an answer with status 200: the client throws the parsed XML. */
const describeXml = (cause: unknown): { readonly code: string; readonly message: string } => {
  if (typeof cause !== "object" || cause === null) return { code: "", message: String(cause) }
  return {
    code: "Code" in cause ? String(cause.Code) : "",
    message: "Message" in cause ? String(cause.Message) : "",
  }
}
