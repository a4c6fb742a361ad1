/** Tables whose rows are also, or only, in other tables: partitions, and children of plain inheritance. */
import { printTable, type SourceTable, sameTable, type TableName } from "../source/SourceTable.ts"

/** Returns the child tables that are not configured: their rows are in no dataset. */
export const childrenLeftOut = (
  children: ReadonlyArray<TableName>,
  configured: ReadonlyArray<SourceTable>,
): ReadonlyArray<TableName> =>
  children.filter((child) => !configured.some(({ table }) => sameTable(table, child)))

interface TableOfRows {
  readonly table: TableName
  /** Undefined if it is not partitioned. */
  readonly leaves?: ReadonlyArray<{ readonly table: TableName }> | undefined
}

/** Returns the first pair of tables that have rows in common, as a table and its partition are. */
export const firstSharing = <A extends TableOfRows>(
  tables: ReadonlyArray<A>,
): { readonly one: A; readonly other: A } | undefined => {
  const owners = new Map<string, A>()
  for (const one of tables) {
    for (const { table } of one.leaves ?? [one]) {
      const name = printTable(table)
      const other = owners.get(name)
      if (other !== undefined) return { one, other }
      owners.set(name, one)
    }
  }
  return undefined
}
