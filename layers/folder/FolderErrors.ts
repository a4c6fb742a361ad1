/** Failed system calls on a lake in a folder, as errors of the object store. */
import { type StoreError, type StoreRemedies, storeErrors } from "../../src/services/lake/StoreError.ts"
import { fileFailure } from "../node/FileFailures.ts"

/** What to do about it. Other reasons keep their general advice. */
export const folderRemedies: StoreRemedies = {
  Unreachable: "The folder's file system did not answer. Check its mount, and LAKE_URL.",
  NotWritable:
    "The folder cannot be written. Give this user the right to read and write there, or choose another LAKE_URL.",
  Broken: "The file system failed in a way that is not understood. Look into the system's log.",
}

const folderError = storeErrors(folderRemedies)

const failedCall =
  (way: "reading" | "writing") =>
  (cause: unknown, subject: string): StoreError =>
    folderError({ ...fileFailure(cause, way), subject })

/** A failed system call on the way to writing an object, as the error of the object store. */
export const writeError = failedCall("writing")
/** A failed system call on the way to reading one. */
export const readError = failedCall("reading")
