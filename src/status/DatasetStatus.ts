/** What `status` reports about one dataset. */
import type { Option } from "effect"
import type { DatasetCompleteness } from "../core/lake/DatasetState.ts"
import type { TableName } from "../core/source/SourceTable.ts"
import type { StoredObject } from "../services/lake/ObjectStore.ts"

/** All objects of a copy. */
export interface CopySize {
  readonly objects: number
  readonly rows: number
  readonly bytes: number
}

export interface DatasetStatus {
  readonly dataset: string
  readonly table: TableName
  readonly newest: Option.Option<StoredObject>
  /** The copy that the newest object is of; none for an object of `inc`. */
  readonly copy: Option.Option<CopySize>
  /** Whether `full` and `inc` join without a gap; none as in `datasetState`. */
  readonly completeness: Option.Option<DatasetCompleteness>
  /** A change of its table, and what to do next; none if there is nothing to do. */
  readonly advice: Option.Option<string>
}
