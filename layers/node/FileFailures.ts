/**
 * What each failed system call on a file means: data, of which docs/errors.md is made. A code that stands in no row is not
 * understood, and tried again.
 *
 * Source: Node's manual, "Common system errors".
 */
import type { StoreReason } from "../../src/services/lake/StoreError.ts"

/** Codes of the operating system, on the way to writing a file. */
export const fileRules: ReadonlyArray<readonly [StoreReason, ReadonlyArray<string>]> = [
  ["Full", ["ENOSPC", "EDQUOT"]],
  // The last three: a loop of links, a name that is too long, a file larger than the file system takes.
  ["NotWritable", ["EACCES", "EPERM", "EROFS", "ELOOP", "ENAMETOOLONG", "EFBIG"]],
  ["InTheWay", ["ENOTDIR", "EEXIST", "EISDIR"]],
  ["NotFound", ["ENOENT"]],
  // A folder on a network mount goes away and comes back.
  ["Unreachable", ["EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EHOSTDOWN"]],
]

/** Who asks for an object gets the same answer whether a file, a folder or nothing stands in its place. */
const nothingThere: ReadonlyArray<string> = ["ENOTDIR", "EISDIR", "ENAMETOOLONG"]

const writing = new Map(fileRules.flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)))
const reading = new Map<string, StoreReason>([
  ...writing,
  ...nothingThere.map((code) => [code, "NotFound"] as const),
])

/** The error code of the operating system, e.g. `ENOENT`; empty where the failure is of another kind. */
export const errno = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** As the system call would fail that takes the folder for a file. */
export const folderStands = (path: string): Error =>
  Object.assign(new Error(`EISDIR: a folder is there, '${path}'`), { code: "EISDIR" })

/** Reason and words of a failed system call. Where it was on the way to reading, a name that leads nowhere is `NotFound`. */
export const fileFailure = (cause: unknown, way: "reading" | "writing") => ({
  reason: (way === "reading" ? reading : writing).get(errno(cause)) ?? ("Broken" as const),
  detail: cause instanceof Error ? cause.message : String(cause),
  cause,
})
