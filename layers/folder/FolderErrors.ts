/** Failed system calls as errors of the object store, by the rules of `StoreFailureRules.ts`. */
import { StoreError, type StorePlace, type StoreReason } from "../../src/services/lake/StoreError.ts"
import { fileRules, nothingThere } from "../store/StoreFailureRules.ts"

const writing = new Map(fileRules.flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)))
const reading = new Map<string, StoreReason>([
  ...writing,
  ...nothingThere.map((code) => [code, "NotFound"] as const),
])

/** The error code of the operating system, e.g. `ENOENT`; empty where the failure is of another kind. */
export const errno = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const translate =
  (reasons: ReadonlyMap<string, StoreReason>, place: StorePlace) =>
  (cause: unknown, subject: string): StoreError =>
    new StoreError({
      reason: reasons.get(errno(cause)) ?? "Broken",
      subject,
      detail: cause instanceof Error ? cause.message : String(cause),
      place,
      cause,
    })

/** A failed system call on the way to writing an object, as the error of the object store. */
export const writeError = translate(writing, "folder")
/** A failed system call on the way to reading one. */
export const readError = translate(reading, "folder")
/** A failed system call on a temporary file of this machine. */
export const temporaryError = translate(writing, "temporary files")
