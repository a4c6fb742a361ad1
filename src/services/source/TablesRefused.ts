/** Several tables that a command cannot use, reported together before anything is written for the others. */
import { Runtime, Schema } from "effect"
import type { SourceError } from "./SourceError.ts"

export class TablesRefused extends Schema.TaggedError<TablesRefused>()("TablesRefused", {
  /** Whole messages, one per table. */
  problems: Schema.Array(Schema.String),
  exitCode: Schema.Int,
}) {
  /** False: transient errors were retried before. */
  readonly isRetryable = false
  readonly reason = "SeveralTables"
  override get [Runtime.errorExitCode](): number {
    return this.exitCode
  }
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** Returns a single failure unchanged; several as one error with the greatest of their exit codes. */
export const allRefused = (
  failures: readonly [SourceError, ...ReadonlyArray<SourceError>],
): SourceError | TablesRefused =>
  failures.length === 1
    ? failures[0]
    : new TablesRefused({
        problems: failures.map(({ message }) => message),
        exitCode: Math.max(...failures.map((failure) => failure[Runtime.errorExitCode])),
      })
