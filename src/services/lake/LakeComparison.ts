/**
 * Room and an engine to compare what does not fit in memory: files of rows on this machine's disk, and SQL over them.
 * Nothing of it outlives the scope.
 */
import { Context, type Effect, Runtime, Schema, type Scope, type Stream } from "effect"
import type { ObjectStore } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

const advice = {
  Full: "Free some space, or set TMPDIR to a folder on a larger disk.",
  Memory:
    "It is a fault of this program: report this message to its makers, with the number of the table's columns.",
  EngineMissing:
    "It is installed by `npm ci` where DuckDB has a build for the platform: run `verify` on such a machine.",
  Failed: "Run `verify` again; if it stays, report this message to the makers of this program.",
} as const

/** What can go wrong on this machine. `detail` names no value of a row. */
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

/** A file of rows, for the engine to read. One write at a time. */
export interface RowFile {
  readonly path: string
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, ComparisonError>
  readonly length: Effect.Effect<number>
  /** Forgets what was written after the first `length` bytes. */
  readonly cut: (length: number) => Effect.Effect<void, ComparisonError>
}

/** SQL over files of rows. What it makes is gone with the scope. */
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
  /** One without tables: for each comparison its own, so that what goes wrong in one does not reach the next. */
  readonly engine: Effect.Effect<ComparisonEngine, ComparisonError, Scope.Scope>
}

export class LakeComparison extends Context.Service<
  LakeComparison,
  {
    /** An empty workbench. Its memory is bounded, whatever is compared. */
    readonly open: Effect.Effect<Workbench, ComparisonError, Scope.Scope>
  }
>()("afluente/services/LakeComparison") {}
