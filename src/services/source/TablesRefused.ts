/** Several tables that a command cannot begin with, reported together, before anything is written for the others. */
import { Runtime, Schema } from "effect"
import type { SourceError } from "./SourceError.ts"

export class TablesRefused extends Schema.TaggedError<TablesRefused>()("TablesRefused", {
  /** Whole messages, one for each table. */
  problems: Schema.Array(Schema.String),
  exitCode: Schema.Int,
}) {
  /** What may pass by itself was tried again before. */
  readonly isRetryable = false
  readonly reason = "SeveralTables"
  override get [Runtime.errorExitCode](): number {
    return this.exitCode
  }
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** A single failure as it is; of several, all, with the exit code of what a person must change where there is one. */
export const allRefused = (
  failures: readonly [SourceError, ...ReadonlyArray<SourceError>],
): SourceError | TablesRefused =>
  failures.length === 1
    ? failures[0]
    : new TablesRefused({
        problems: failures.map(({ message }) => message),
        exitCode: Math.max(...failures.map((failure) => failure[Runtime.errorExitCode])),
      })
