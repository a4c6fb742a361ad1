/** Converts errors of DuckDB and of its files. */
import { tmpdir } from "node:os"
import { Effect } from "effect"
import { ComparisonError } from "../../src/services/lake/ComparisonError.ts"
import { errno } from "../node/FileFailures.ts"

/**
 * All threads together; the rest is spilled to disk. With this much, joins, groups and windows over 8 million keys succeeded
 * in tests; more only makes them faster.
 */
export const memoryLimit = "256MB"

const isFull = (cause: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes(errno(cause)) ||
  /No space left|disk quota|max_temp_directory_size/i.test(String(cause))

/** Returns DuckDB's name of the error, at the beginning of its message. The rest may contain a value of a row. */
const kindOf = (cause: unknown): string => /^(?:Error: )?([A-Za-z ]+ Error):/.exec(String(cause))?.[1] ?? ""

/** Converts an error. Tests for a full disk first, because DuckDB calls that out of memory too if a spill does not fit. */
export const comparisonError = (doing: string, cause: unknown): ComparisonError => {
  if (isFull(cause)) {
    return new ComparisonError({
      reason: "Full",
      detail: `no space is left in ${tmpdir()} (${doing})`,
      cause,
    })
  }
  const kind = kindOf(cause)
  return kind === "Out of Memory Error"
    ? new ComparisonError({
        reason: "Memory",
        detail: `${doing} needs more than the ${memoryLimit} of memory that DuckDB is given`,
        cause,
      })
    : new ComparisonError({ reason: "Failed", detail: `${doing} failed${kind && ` (${kind})`}`, cause })
}

export const failure = (doing: string) => (cause: unknown) => comparisonError(doing, cause)

export const attempt = <A>(doing: string, call: () => Promise<A>) =>
  Effect.uninterruptible(Effect.tryPromise({ try: call, catch: failure(doing) }))
