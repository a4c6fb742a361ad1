/** Failed system calls as errors of the object store. */
import { StoreError, type StoreReason } from "../src/services/StoreError.ts"

const writing: Readonly<Record<string, StoreReason>> = {
  ENOSPC: "Full",
  EDQUOT: "Full",
  EACCES: "NotWritable",
  EPERM: "NotWritable",
  EROFS: "NotWritable",
  // A regular file stands where a folder must be, or the other way round.
  ENOTDIR: "NotWritable",
  EEXIST: "NotWritable",
  EISDIR: "NotWritable",
  ELOOP: "NotWritable",
  ENAMETOOLONG: "NotWritable",
  ENOENT: "NotFound",
  // A folder on a network mount goes away and comes back.
  EIO: "Unreachable",
  ESTALE: "Unreachable",
  ETIMEDOUT: "Unreachable",
  ENOTCONN: "Unreachable",
  EHOSTDOWN: "Unreachable",
}

/** Who asks for an object gets the same answer whether a file, a folder or nothing stands in its place. */
const reading: Readonly<Record<string, StoreReason>> = {
  ...writing,
  ENOTDIR: "NotFound",
  EISDIR: "NotFound",
  ENAMETOOLONG: "NotFound",
}

/** The error code of the operating system, e.g. `ENOENT`; empty where the failure is of another kind. */
export const errno = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const translate =
  (reasons: Readonly<Record<string, StoreReason>>) =>
  (cause: unknown, subject: string): StoreError =>
    new StoreError({
      reason: reasons[errno(cause)] ?? "Broken",
      subject,
      detail: cause instanceof Error ? cause.message : String(cause),
      cause,
    })

/** A failed system call on the way to writing an object, as the error of the object store. */
export const writeError = translate(writing)
/** A failed system call on the way to reading one. */
export const readError = translate(reading)
