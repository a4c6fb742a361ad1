/** Errors of this machine's temporary files, which are not part of the lake. */
import { type StoreError, type StoreRemedies, storeErrors } from "../../src/services/lake/StoreError.ts"
import { fileFailure } from "./FileFailures.ts"

const setTmpdir = "Set TMPDIR to a folder that this user can write, with room for the largest transaction."

/** Advice for temporary files. Other reasons keep their general advice. */
export const temporaryFileRemedies: StoreRemedies = {
  Unreachable: `The file system of the temporary files did not answer. ${setTmpdir}`,
  Full: "No space is left for temporary files. Free some, or set TMPDIR to a folder with more.",
  NotWritable: setTmpdir,
  InTheWay: `A folder is where a file must be, or a file where a folder must be. ${setTmpdir}`,
  NotFound: `Was it removed? Start again. ${setTmpdir}`,
  Broken: "The file system failed in a way that is not understood. Look into the system's log.",
}

/** Creates an error of a temporary file, with its remedy. */
export const temporaryFileError = storeErrors(temporaryFileRemedies, { isLocal: true })

/** Converts a failed system call on a temporary file. */
export const temporaryError = (cause: unknown, subject: string): StoreError =>
  temporaryFileError({ ...fileFailure(cause, "writing"), subject })
