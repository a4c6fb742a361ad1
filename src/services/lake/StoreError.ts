/** Errors of the lake: the reason, whether a retry helps, and the next action. */
import { Runtime, Schema } from "effect"
import type { Consequence } from "../source/SourceError.ts"

const transient = (advice: string): Consequence => ({ isRetryable: true, exitCode: 1, advice })
/** A person must change something first. */
const permanent = (advice: string): Consequence => ({ isRetryable: false, exitCode: 2, advice })

/**
 * One row per reason, with advice that holds for every store. A layer that knows its store better replaces it
 * (`StoreError.remedy`). docs/errors.md is generated from both.
 */
export const storeReasons = {
  Unreachable: transient("The lake did not answer. Check LAKE_URL and the network."),
  Busy: transient(
    "The store is busy, or has an internal error. It is tried again; if it lasts, look into the store's own log.",
  ),
  Tls: permanent("Check the certificate of the server."),
  Full: transient("No space is left. Free some, then go on: nothing half-written is visible."),
  Denied: permanent("The lake refused the credentials, or a permission is missing. Check both."),
  Clock: permanent("Set this machine's clock (NTP): a request is signed with its time."),
  Region: permanent("The bucket is in another region. Correct the region that is set."),
  NotWritable: permanent("Give this user permission to read and write there, or choose another LAKE_URL."),
  InTheWay: permanent(
    "A folder is where a file must be, or a file where a folder must be. Move it out of the lake, or choose another LAKE_URL.",
  ),
  BucketMissing: permanent("Create it with `node dist/main.js init`, or correct LAKE_URL."),
  BucketName: permanent("The store does not allow this name. Correct LAKE_URL."),
  BucketTaken: permanent("The name belongs to another account. Choose another bucket in LAKE_URL."),
  ObjectLock: permanent(
    "The bucket's retention forbids the write. Remove it, or choose another bucket in LAKE_URL.",
  ),
  Encryption: permanent(
    "The store cannot encrypt with the key or the kind that the bucket or the request names. Check the bucket's default encryption and the permission to use its key.",
  ),
  NotFound: permanent("Was it removed? Restore it from a copy, or correct LAKE_URL."),
  Exists: {
    ...permanent(
      "The object is there already and objects are never changed. Does a second process write to this lake? Find it, and stop it.",
    ),
    exitCode: 3,
  },
  Fenced: transient(
    "Another writer has taken this lake over, so this one begins anew. If that happens again, find the other process and stop it.",
  ),
  Refused: permanent(
    "The store refuses such a request each time: a retry cannot help. Look into the store's own log.",
  ),
  Broken: transient("The lake's content or answer is not understood. Look into the store's own log."),
} as const satisfies Record<string, Consequence>

export type StoreReason = keyof typeof storeReasons

// `Object.keys` loses the type of the keys, which are these.
export const StoreReason = Schema.Literals(Object.keys(storeReasons) as ReadonlyArray<StoreReason>)

/**
 * A failure of the object store, or of a temporary file (`isLocal`). `subject` is the object, folder or bucket, without content
 * or secrets. `remedy` replaces the advice of the reason.
 */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  subject: Schema.String,
  detail: Schema.String,
  remedy: Schema.optionalKey(Schema.String),
  isLocal: Schema.optionalKey(Schema.Boolean),
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  /** True if the same call may succeed later. */
  get isRetryable(): boolean {
    return storeReasons[this.reason].isRetryable
  }
  override get [Runtime.errorExitCode](): number {
    return storeReasons[this.reason].exitCode
  }
  /** The next action for a person. */
  get advice(): string {
    return this.remedy ?? storeReasons[this.reason].advice
  }
  override get message(): string {
    const side = this.isLocal === true ? "This machine" : "Lake"
    return `${side}, ${this.subject}: ${this.detail.replace(/\.$/, "")}. ${this.advice}`
  }
}

/** Advice by reason for one kind of store. Other reasons keep their general advice. */
export type StoreRemedies = Readonly<Partial<Record<StoreReason, string>>>

type Failure = Omit<ConstructorParameters<typeof StoreError>[0], "remedy" | "isLocal">

/** Returns a function that creates the errors of one kind of store, each with its remedy. */
export const storeErrors =
  (remedies: StoreRemedies, side: { readonly isLocal?: true } = {}) =>
  (failure: Failure): StoreError => {
    const remedy = remedies[failure.reason]
    return new StoreError({ ...failure, ...side, ...(remedy === undefined ? {} : { remedy }) })
  }
