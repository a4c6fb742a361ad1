/** The names of a followed table that the entries of COLUMNS_EXCLUDE and COLUMNS_HASH may use. */
import type { SourceTable, TableName } from "../../core/source/SourceTable.ts"
import type { FollowedTable } from "../tables/TablePlan.ts"

export type EntryNames = (table: Pick<FollowedTable, "dataset" | "table">) => ReadonlyArray<TableName>

/** Returns the present name of each table, and the one that SOURCE_TABLES has for its dataset. */
export const entryNames = (configured: ReadonlyArray<SourceTable>): EntryNames => {
  const nameOf = new Map(configured.map((one) => [one.dataset, one.table]))
  return ({ dataset, table }) => [table, nameOf.get(dataset) ?? table]
}
