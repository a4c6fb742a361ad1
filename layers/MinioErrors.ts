/**
 * Failures of the MinIO client as errors of the object store.
 *
 * Sources: the S3 error codes (`Code` of the XML body, which the client puts into `code`), MinIO's own ones, which begin
 * with `XMinio`, the codes of Node's sockets, and the names of the errors that the client raises by itself.
 * An answer to HEAD has no body: the client derives `AccessDenied` and `NotFound` from its status.
 */
import { Option } from "effect"
import { StoreError, type StoreReason } from "../src/services/StoreError.ts"
import { tlsProblem } from "./TlsProblems.ts"

const reasons: Readonly<Record<string, StoreReason>> = {
  // Network and names.
  ECONNREFUSED: "Unreachable",
  ECONNRESET: "Unreachable",
  ECONNABORTED: "Unreachable",
  EPIPE: "Unreachable",
  EPROTO: "Unreachable",
  ETIMEDOUT: "Unreachable",
  EHOSTUNREACH: "Unreachable",
  EHOSTDOWN: "Unreachable",
  ENETUNREACH: "Unreachable",
  ENETDOWN: "Unreachable",
  EADDRNOTAVAIL: "Unreachable",
  ENOTFOUND: "Unreachable",
  EAI_AGAIN: "Unreachable",
  EAI_FAIL: "Unreachable",
  ERR_SOCKET_CLOSED: "Unreachable",
  ABORT_ERR: "Unreachable",
  // The server, for the moment.
  InternalError: "Unreachable",
  ServiceUnavailable: "Unreachable",
  SlowDown: "Unreachable",
  SlowDownRead: "Unreachable",
  SlowDownWrite: "Unreachable",
  RequestTimeout: "Unreachable",
  XMinioServerNotInitialized: "Unreachable",
  XMinioBackendDown: "Unreachable",
  // A person must change something.
  AccessDenied: "Denied",
  AllAccessDisabled: "Denied",
  AccountProblem: "Denied",
  InvalidAccessKeyId: "Denied",
  SignatureDoesNotMatch: "Denied",
  ExpiredToken: "Denied",
  InvalidToken: "Denied",
  InvalidTokenId: "Denied",
  RequestTimeTooSkewed: "Denied",
  AuthorizationHeaderMalformed: "Denied",
  MovedPermanently: "Denied",
  PermanentRedirect: "Denied",
  TemporaryRedirect: "Denied",
  NoSuchBucket: "BucketMissing",
  InvalidBucketName: "BucketName",
  InvalidBucketNameError: "BucketName",
  // The object.
  NoSuchKey: "NotFound",
  NotFound: "NotFound",
  PreconditionFailed: "Exists",
  ConditionalRequestConflict: "Exists",
  // Room.
  XMinioStorageFull: "Full",
  XMinioAdminBucketQuotaExceeded: "Full",
  QuotaExceeded: "Full",
  InsufficientStorage: "Full",
}

/** What the code alone does not tell a person who has to mend it. */
const explanations: Readonly<Record<string, string>> = {
  RequestTimeTooSkewed:
    "this machine's clock and the server's differ by more than 15 minutes; set the clock (NTP)",
  AuthorizationHeaderMalformed: "the bucket is in another region; set MINIO_REGION",
  MovedPermanently: "the bucket is in another region; set MINIO_REGION",
  PermanentRedirect: "the bucket is in another region; set MINIO_REGION",
}

// The client answers 408, 429, 5xx except 501 and 507 with a plain error in these words, and drops the body.
const droppedAnswer = /Retryable HTTP status: (\d+)/

/** One failure of the client. `subject` is what the call was about, `bucket` the bucket as the user wrote it. */
export const minioError = (cause: unknown, subject: string, bucket: string): StoreError => {
  const { code, message } = describe(cause)
  const status = droppedAnswer.exec(message)?.[1]
  const tls = tlsProblem(code, message, "NODE_EXTRA_CA_CERTS")
  const reason = Option.isSome(tls)
    ? "Tls"
    : status !== undefined
      ? "Unreachable"
      : (reasons[code] ?? (code.startsWith("ERR_SSL_") ? "Unreachable" : "Broken"))
  const said = message === "" || message.includes(code) ? message || code : `${code}: ${message}`
  return new StoreError({
    reason,
    subject,
    detail:
      reason === "BucketName"
        ? bucketNameDetail(bucket)
        : status !== undefined
          ? `the server answered HTTP ${status}`
          : Option.getOrElse(
              tls,
              () =>
                explanations[code] ??
                (said === ""
                  ? "the answer is not one of S3 (is this its port, and https:// where it speaks TLS?)"
                  : said),
            ),
    // An S3 error repeats its XML in its properties, the signed request among them: only its words go on.
    cause: new Error(said),
  })
}

/** Why the bucket's name is refused, with the one to use where that is plain. */
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
    code: own !== "" ? own : cause.name in reasons ? cause.name : "",
    // A host with several addresses fails with one error for each and no words of its own.
    message:
      cause.message === "" && cause instanceof AggregateError ? String(cause.errors[0]) : cause.message,
  }
}

/** An error inside an answer that began with 200: the client throws the parsed XML as it is. */
const describeXml = (cause: unknown): { readonly code: string; readonly message: string } => {
  if (typeof cause !== "object" || cause === null) return { code: "", message: String(cause) }
  return {
    code: "Code" in cause ? String(cause.Code) : "",
    message: "Message" in cause ? String(cause.Message) : "",
  }
}
