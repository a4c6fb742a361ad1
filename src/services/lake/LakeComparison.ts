/**
 * Compares data that does not fit in memory: row files on this machine's disk, and an SQL engine that reads them. All of it
 * is deleted when the scope closes.
 */
import { Context, type Effect, Runtime, Schema, type Scope, type Stream } from "effect"
import type { ObjectStore } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

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

/** A row file for the engine. One write at a time. */
export interface RowFile {
  readonly path: string
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, ComparisonError>
  readonly length: Effect.Effect<number>
  /** Truncates the file to its first `length` bytes. */
  readonly cut: (length: number) => Effect.Effect<void, ComparisonError>
}

/** SQL over row files. Its tables are deleted when the scope closes. */
export interface ComparisonEngine {
  /** Runs statements one after the other. */
  readonly run: (statements: ReadonlyArray<string>) => Effect.Effect<void, ComparisonError>
  /** The rows of a query whose columns are all text. */
  readonly rows: (query: string) => Stream.Stream<ReadonlyArray<string | null>, ComparisonError>
}

export interface Workbench {
  /** An empty file, removed with the scope. */
  readonly file: (name: string) => Effect.Effect<RowFile, ComparisonError, Scope.Scope>
  /** An empty lake in the same folder, removed with the scope. */
  readonly lake: Effect.Effect<ObjectStore["Service"], StoreError, Scope.Scope>
  /** A new engine without tables. Each comparison has its own, so that a failure does not affect the next. */
  readonly engine: Effect.Effect<ComparisonEngine, ComparisonError, Scope.Scope>
}

export class LakeComparison extends Context.Service<
  LakeComparison,
  {
    /** An empty workbench. Its memory is bounded, independent of the data. */
    readonly open: Effect.Effect<Workbench, ComparisonError, Scope.Scope>
  }
>()("afluente/services/LakeComparison") {}
