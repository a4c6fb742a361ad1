/** The projection of a dataset: of its table, whatever name it has had. */
import { type ColumnRules, type Projection, projectionFor } from "../core/columns/Projection.ts"
import type { SourceTable, TableName } from "../core/source/SourceTable.ts"

/**
 * Returns the projection of a dataset whose table has these names. `configured` has the name in SOURCE_TABLES, which an entry
 * may use although the table was renamed since.
 */
export const datasetProjection = (
  rules: ColumnRules,
  configured: ReadonlyArray<SourceTable>,
  dataset: string,
  names: ReadonlyArray<TableName>,
): Projection | undefined => projectionFor(rules, namesOfDataset(configured, dataset, names))

export const namesOfDataset = (
  configured: ReadonlyArray<SourceTable>,
  dataset: string,
  names: ReadonlyArray<TableName>,
): ReadonlyArray<TableName> => [
  ...names,
  ...configured.filter((one) => one.dataset === dataset).map(({ table }) => table),
]
