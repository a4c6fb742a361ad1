/** Converts failed system calls on a lake in a folder to errors of the object store. */
import { type StoreError, type StoreRemedies, storeErrors } from "../../src/services/lake/StoreError.ts"
import { fileFailure } from "../node/FileFailures.ts"

/** Advice for a lake in a folder. Other reasons keep their general advice. */
export const folderRemedies: StoreRemedies = {
  Unreachable: "The folder's file system did not answer. Check its mount, and LAKE_URL.",
  NotWritable:
    "The folder cannot be written. Give this user permission to read and write there, or choose another LAKE_URL.",
  Broken: "The file system failed in a way that is not understood. Look into the system's log.",
}

const folderError = storeErrors(folderRemedies)

const failedCall =
  (way: "reading" | "writing") =>
  (cause: unknown, subject: string): StoreError =>
    folderError({ ...fileFailure(cause, way), subject })

/** Converts a failed system call while an object is written. */
export const writeError = failedCall("writing")
/** Converts a failed system call while an object is read. */
export const readError = failedCall("reading")
