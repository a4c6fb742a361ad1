/** What can go wrong with the lake: why, and what the person in front of it does next. */
import { Runtime, Schema } from "effect"

/** What can go wrong with the lake, and what the person in front of it does next. */
const advice = {
  Unreachable: "The lake did not answer. Check LAKE_URL, MINIO_ENDPOINT and the network.",
  Tls: "Check MINIO_ENDPOINT, and the certificate of the server.",
  Full: "No space is left. Free some, then go on: nothing half-written is visible.",
  Denied:
    "The lake refused the credentials or the right. Check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and the bucket's policy (list, read, write, delete).",
  NotWritable: "The folder cannot be written. Give this user the right to, or choose another LAKE_URL.",
  BucketMissing: "Create it with `node dist/main.js init`, or correct LAKE_URL.",
  BucketName: "S3 allows 3 to 63 lower-case letters, digits, dots and hyphens. Correct LAKE_URL.",
  NotFound: "Was it removed? Restore it from a copy, or correct LAKE_URL.",
  Exists:
    "The object is there already and objects are never changed. Does a second process write to this lake? Find it, and stop it.",
  Fenced:
    "Another writer has taken this lake over, so this one begins anew. Where that repeats itself, find the other process and stop it.",
  Broken:
    "The lake answered in a way that is not understood. Check MINIO_ENDPOINT, and look into the store's own log.",
} as const

export const StoreReason = Schema.Literals([
  "Unreachable",
  "Tls",
  "Full",
  "Denied",
  "NotWritable",
  "BucketMissing",
  "BucketName",
  "NotFound",
  "Exists",
  "Fenced",
  "Broken",
])
export type StoreReason = typeof StoreReason.Type

/** A failure of the object store. `subject` is the object, folder or bucket; no content, no secret is ever in it. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  subject: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  /** Only these heal by waiting. */
  get isRetryable(): boolean {
    return ["Unreachable", "Full", "Fenced", "Broken"].includes(this.reason)
  }
  override get [Runtime.errorExitCode](): number {
    return this.isRetryable ? 1 : this.reason === "Exists" ? 3 : 2
  }
  /** What the person in front of it does next. */
  get advice(): string {
    return advice[this.reason]
  }
  override get message(): string {
    return `Lake, ${this.subject}: ${this.detail.replace(/\.$/, "")}. ${this.advice}`
  }
}
