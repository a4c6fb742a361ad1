/** What the long runs know of the rows of `inc`, from docs/format.md and not from the program. */
export const metaColumns = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"]

/** The elements of a one-dimensional `text[]`. */
export const arrayElements = (text: string): ReadonlyArray<string> =>
  [...text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)].map(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/gs, "$1") ?? bare ?? "",
  )
