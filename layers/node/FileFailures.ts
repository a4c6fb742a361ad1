/**
 * The reason of each failed system call on a file, as data; docs/errors.md is generated from it. An unknown code is retried.
 *
 * Source: Node's manual, "Common system errors".
 */
import type { StoreReason } from "../../src/services/lake/StoreError.ts"

/** Codes of the operating system while a file is written. */
export const fileRules: ReadonlyArray<readonly [StoreReason, ReadonlyArray<string>]> = [
  ["Full", ["ENOSPC", "EDQUOT"]],
  // The last three: a loop of links, a too long name, a file larger than the file system allows.
  ["NotWritable", ["EACCES", "EPERM", "EROFS", "ELOOP", "ENAMETOOLONG", "EFBIG"]],
  ["InTheWay", ["ENOTDIR", "EEXIST", "EISDIR"]],
  ["NotFound", ["ENOENT"]],
  // A folder on a network mount can disappear and return.
  ["Unreachable", ["EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EHOSTDOWN"]],
]

/** For a reader of an object these mean the same as a missing file. */
const nothingThere: ReadonlyArray<string> = ["ENOTDIR", "EISDIR", "ENAMETOOLONG"]

const writing = new Map(fileRules.flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)))
const reading = new Map<string, StoreReason>([
  ...writing,
  ...nothingThere.map((code) => [code, "NotFound"] as const),
])

/** Returns the error code of the operating system, e.g. `ENOENT`; empty for other failures. */
export const errno = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** The error of a system call that expects a file and meets a folder. */
export const folderExistsError = (path: string): Error =>
  Object.assign(new Error(`EISDIR: a folder is there, '${path}'`), { code: "EISDIR" })

/** Returns reason and message of a failed system call. While reading, a name that leads nowhere is `NotFound`. */
export const fileFailure = (cause: unknown, way: "reading" | "writing") => ({
  reason: (way === "reading" ? reading : writing).get(errno(cause)) ?? ("Broken" as const),
  detail: cause instanceof Error ? cause.message : String(cause),
  cause,
})
