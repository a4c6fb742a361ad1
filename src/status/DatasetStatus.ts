/** What `status` reports about one dataset. */
import type { Option } from "effect"
import type { DatasetCompleteness } from "../core/lake/DatasetState.ts"
import type { TableName } from "../core/source/SourceTable.ts"
import type { StoredObject } from "../services/lake/ObjectStore.ts"

export interface DatasetStatus {
  readonly dataset: string
  readonly table: TableName
  readonly newest: Option.Option<StoredObject>
  /** Rows of the newest object, if its manifest says so. */
  readonly rows: Option.Option<number>
  /** Whether `full` and `inc` join without a gap; none as in `datasetState`. */
  readonly completeness: Option.Option<DatasetCompleteness>
  /** A change of its table, and what to do next; none if there is nothing to do. */
  readonly advice: Option.Option<string>
}
