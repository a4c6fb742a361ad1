/** The projection of a dataset: of its table, whatever name it has had. */
import { type ColumnRules, type Projection, projectionFor } from "../core/columns/Projection.ts"
import type { TableName } from "../core/source/SourceTable.ts"
import type { TableEntry } from "../core/tables/TableEntry.ts"

/**
 * Returns the projection of a dataset whose table has these names. `entries` are those of SOURCE_TABLES: an entry of the columns
 * may use the name that stands there although the table was renamed since.
 */
export const datasetProjection = (
  rules: ColumnRules,
  entries: ReadonlyArray<TableEntry>,
  dataset: string,
  names: ReadonlyArray<TableName>,
): Projection | undefined => {
  const named = entries.find((one) => one._tag === "Named" && one.dataset === dataset)
  return projectionFor(rules, named?._tag === "Named" ? [...names, named.table] : names)
}
