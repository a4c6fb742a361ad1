/** What can go wrong with the lake: why, whether a retry helps, and what the person in front of it does next. */
import { Runtime, Schema } from "effect"
import type { Consequence } from "../source/SourceError.ts"

/** Advice differs where a variable, or a word, belongs to one kind of store alone. */
interface StoreConsequence extends Consequence {
  readonly inBucket?: string
  readonly inFolder?: string
  readonly inTemporary?: string
}

type Elsewhere = Omit<StoreConsequence, keyof Consequence>

const transient = (advice: string, elsewhere: Elsewhere = {}): StoreConsequence => ({
  isRetryable: true,
  exitCode: 1,
  advice,
  ...elsewhere,
})
/** A person must change something first. */
const permanent = (advice: string, elsewhere: Elsewhere = {}): StoreConsequence => ({
  isRetryable: false,
  exitCode: 2,
  advice,
  ...elsewhere,
})

const setTmpdir = "Set TMPDIR to a folder that this user can write, with room for the largest transaction."

/** One row for each reason. docs/errors.md is made from it. */
export const storeReasons = {
  Unreachable: transient("The lake did not answer. Check LAKE_URL, MINIO_ENDPOINT and the network.", {
    inFolder: "The folder's file system did not answer. Check its mount, and LAKE_URL.",
    inTemporary: `The file system of the temporary files did not answer. ${setTmpdir}`,
  }),
  Busy: transient(
    "The store is busy, or has a fault of its own. It is tried again; look into the store's own log if it stays.",
  ),
  Tls: permanent("Check MINIO_ENDPOINT, and the certificate of the server."),
  Full: transient("No space is left. Free some, then go on: nothing half-written is visible.", {
    inTemporary: "No space is left for temporary files. Free some, or set TMPDIR to a folder with more.",
  }),
  Denied: permanent(
    "The lake refused the credentials or the right. Check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and the bucket's policy (list, read, write, delete).",
  ),
  Clock: permanent("Set this machine's clock (NTP): a request is signed with its time."),
  Region: permanent(
    "The bucket is in another region. Set MINIO_REGION, and MINIO_ENDPOINT to that region's.",
  ),
  NotWritable: permanent("Give this user the right to read and write there, or choose another LAKE_URL.", {
    inFolder:
      "The folder cannot be written. Give this user the right to read and write there, or choose another LAKE_URL.",
    inTemporary: setTmpdir,
  }),
  BucketMissing: permanent("Create it with `node dist/main.js init`, or correct LAKE_URL."),
  BucketName: permanent("S3 allows 3 to 63 lower-case letters, digits, dots and hyphens. Correct LAKE_URL."),
  BucketTaken: permanent("The name belongs to another account. Choose another bucket in LAKE_URL."),
  ObjectLock: permanent(
    "The bucket's default retention (Object Lock) asks for a checksum that this request did not carry, or forbids it. Remove the default retention, or choose a bucket without Object Lock in LAKE_URL.",
  ),
  Encryption: permanent(
    "The store cannot encrypt with the key or the kind that the bucket or the request names. Check the bucket's default encryption and the right to use its key (kms:GenerateDataKey, kms:Decrypt).",
  ),
  NotFound: permanent("Was it removed? Restore it from a copy, or correct LAKE_URL.", {
    inTemporary: `Was it removed? Start again. ${setTmpdir}`,
  }),
  Exists: {
    ...permanent(
      "The object is there already and objects are never changed. Does a second process write to this lake? Find it, and stop it.",
    ),
    exitCode: 3,
  },
  Fenced: transient(
    "Another writer has taken this lake over, so this one begins anew. Where that repeats itself, find the other process and stop it.",
  ),
  Refused: permanent(
    "The store refuses such a request each time: a retry cannot help. Check that MINIO_ENDPOINT is an S3 endpoint with these abilities, and look into the store's own log.",
  ),
  Broken: transient("What the lake holds or answers is not understood. Look into the log of what keeps it.", {
    inBucket:
      "The lake answered in a way that is not understood. Check MINIO_ENDPOINT, and look into the store's own log.",
    inFolder: "The file system failed in a way that is not understood. Look into the system's log.",
    inTemporary: "The file system failed in a way that is not understood. Look into the system's log.",
  }),
} as const satisfies Record<string, StoreConsequence>

export type StoreReason = keyof typeof storeReasons

// `Object.keys` forgets the type of the keys, which are these.
export const StoreReason = Schema.Literals(Object.keys(storeReasons) as ReadonlyArray<StoreReason>)

/** Where the failure happened: temporary files are this machine's, and no part of the lake. */
export const StorePlace = Schema.Literals(["bucket", "folder", "temporary files"])
export type StorePlace = typeof StorePlace.Type

/** What the person in front of it does next; without `place`, what holds for each. */
export const adviceAt = (reason: StoreReason, place?: StorePlace): string => {
  const { advice, inBucket, inFolder, inTemporary }: StoreConsequence = storeReasons[reason]
  switch (place) {
    case "bucket":
      return inBucket ?? advice
    case "folder":
      return inFolder ?? advice
    case "temporary files":
      return inTemporary ?? advice
    case undefined:
      return advice
  }
}

/** A failure of the object store. `subject` is the object, folder or bucket; no content, no secret is ever in it. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  subject: Schema.String,
  detail: Schema.String,
  place: Schema.optionalKey(StorePlace),
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  /** Whether the same may work later. */
  get isRetryable(): boolean {
    return storeReasons[this.reason].isRetryable
  }
  override get [Runtime.errorExitCode](): number {
    return storeReasons[this.reason].exitCode
  }
  /** What the person in front of it does next. */
  get advice(): string {
    return adviceAt(this.reason, this.place)
  }
  override get message(): string {
    const side = this.place === "temporary files" ? "This machine" : "Lake"
    return `${side}, ${this.subject}: ${this.detail.replace(/\.$/, "")}. ${this.advice}`
  }
}
