/** Failures of the comparison on this machine. */
import { Runtime, Schema } from "effect"

const advice = {
  Full: "Free some space, or set TMPDIR to a folder on a larger disk.",
  Memory:
    "It is a bug of this program: report this message to its makers, with the number of the table's columns.",
  EngineMissing:
    "`npm ci` installs it if DuckDB has a build for the platform: run `verify` on such a machine.",
  Failed: "Run `verify` again; if it fails again, report this message to the makers of this program.",
} as const

/** A failure of the comparison on this machine. `detail` contains no value of a row. */
export class ComparisonError extends Schema.TaggedError<ComparisonError>()("ComparisonError", {
  reason: Schema.Literals(["Full", "Memory", "EngineMissing", "Failed"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  override get [Runtime.errorExitCode](): number {
    return this.reason === "EngineMissing" ? 2 : 1
  }
  override get message(): string {
    return `Comparison: ${this.detail.replace(/\.$/, "")}. ${advice[this.reason]}`
  }
}
