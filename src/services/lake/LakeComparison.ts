/**
 * Compares a table with what the lake makes of it. Neither fits in memory: a workbench holds the rows on this machine. All of
 * it is deleted when the scope closes.
 */
import { Context, type Effect, type Option, type Scope, type Stream } from "effect"
import type { RowDifference } from "../../core/lake/LakeFinding.ts"
import type {
  ChangeLocations,
  ChangePosition,
  ComparedTable,
  RowLocation,
  TableChanges,
  TableRows,
} from "./ComparedRows.ts"
import type { ComparisonError } from "./ComparisonError.ts"
import type { ObjectStore } from "./ObjectStore.ts"
import type { StoreError } from "./StoreError.ts"

/** What a table is rebuilt from, and compared with. */
export interface ReplaySource {
  readonly table: ComparedTable
  /** The table in the snapshot of the comparison. */
  readonly live: TableRows
  readonly copied: TableRows
  /** The changes that `live` contains and `copied` does not. */
  readonly changes: TableChanges
  /** True if changes may be there twice. Of these only the first location counts. */
  readonly mayRepeat: boolean
}

export interface Replay {
  /** How many changes do not say which row they are about. If any, the differences mean nothing. */
  readonly unidentified: number
  /**
   * The rows in which the rebuilt table differs from the table: with a key first those that are different, then those of the
   * lake alone and those of the table alone, each in the order of the key. Columns are those of the table.
   */
  readonly differences: Stream.Stream<RowDifference, ComparisonError>
}

/** A change that stands at several locations, in their order. */
export interface RepeatedChange extends ChangePosition {
  readonly locations: ReadonlyArray<RowLocation>
}

/** An object whose changes are all in `holders` too, with the same rows. Objects are numbers, in order. */
export interface CoveredObject {
  readonly object: number
  readonly changes: number
  readonly holders: ReadonlyArray<number>
}

/** How many changes exactly these objects share, and how many of them differ in their rows. One object repeats its own. */
export interface SharedChanges {
  readonly objects: ReadonlyArray<number>
  readonly changes: number
  readonly differing: number
}

export interface ObjectOverlap {
  /** An object that no change would be lost with and that is not in `kept`: the smallest, of equal ones the latest. */
  readonly covered: (
    kept: ReadonlySet<number>,
  ) => Effect.Effect<Option.Option<CoveredObject>, ComparisonError>
  /** Leaves the object out of all later answers, also of `ChangeOrder`. */
  readonly takeOut: (object: number) => Effect.Effect<void, ComparisonError>
  readonly shares: Stream.Stream<SharedChanges, ComparisonError>
}

export interface ChangeOrder {
  /** In the order of their positions. */
  readonly repeated: Stream.Stream<RepeatedChange, ComparisonError>
  /** Searches for objects that have the same changes. */
  readonly overlap: Effect.Effect<ObjectOverlap, ComparisonError>
  /** The first row of each object that is older than a row before it. Of repeated changes only the first location counts. */
  readonly disordered: Stream.Stream<RowLocation, ComparisonError>
}

/** Each replay and each order stands alone: a failure does not affect the next. */
export interface Workbench {
  readonly rows: (name: string) => Effect.Effect<TableRows, ComparisonError, Scope.Scope>
  readonly changes: (name: string) => Effect.Effect<TableChanges, ComparisonError, Scope.Scope>
  readonly locations: (name: string) => Effect.Effect<ChangeLocations, ComparisonError, Scope.Scope>
  /** An empty lake, removed with the scope. */
  readonly lake: Effect.Effect<ObjectStore["Service"], StoreError, Scope.Scope>
  /** Rebuilds a table from its copy and the changes after it. */
  readonly replay: (source: ReplaySource) => Effect.Effect<Replay, ComparisonError, Scope.Scope>
  /** Looks for changes that stand twice or out of order. */
  readonly order: (locations: ChangeLocations) => Effect.Effect<ChangeOrder, ComparisonError, Scope.Scope>
}

export class LakeComparison extends Context.Service<
  LakeComparison,
  {
    /** An empty workbench. Outside of tests its memory is bounded, independent of the data. */
    readonly open: Effect.Effect<Workbench, ComparisonError, Scope.Scope>
  }
>()("afluente/services/LakeComparison") {}
