/** How rows are identified when the lake's are compared with the table's, and what to do where they cannot be. */

import { lackInTable, printStatements, type UnidentifiedTable } from "../../core/tables/LeafIdentity.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import type { ComparedTable } from "../../services/lake/ComparedRows.ts"

/** The facts of the catalog that decide it. */
export interface TableIdentity {
  /** In table order, without columns whose values are never in the WAL. */
  readonly columns: ReadonlyArray<string>
  readonly primaryKey: ReadonlyArray<string>
  /** The key columns of an old tuple in the WAL; empty under FULL and if there are none. */
  readonly replicaKey: ReadonlyArray<string>
  /** False if the WAL does not say which row was deleted. */
  readonly identifiesDeletes: boolean
  /** Undefined if it is not partitioned. */
  readonly leaves?: ReadonlyArray<unknown> | undefined
}

export const comparedTable = ({
  columns,
  primaryKey,
  replicaKey,
  identifiesDeletes,
  leaves,
}: TableIdentity): ComparedTable => {
  const key = replicaKey.length > 0 ? replicaKey : primaryKey
  return {
    columns,
    key: key.map((name) => columns.indexOf(name)),
    followsChanges: identifiesDeletes,
    isPartitioned: leaves !== undefined,
  }
}

/** Advice for a table if `changes` of its changes cannot be followed. `name` is quoted as in SQL. */
export const unfollowedAdvice = (
  name: string,
  changes: number,
  table: UnidentifiedTable & { readonly identifiesDeletes: boolean },
): string => {
  const problem = `The WAL does not say which rows of ${name} ${counted(changes, "change was", "changes were")} about`
  if (table.identifiesDeletes) return `${problem}; of newer ones it does. Run \`full\` again`
  const lack = lackInTable(table)
  return `${problem}: ${lack.why}. ${printStatements(lack)}${lack.otherwise === undefined ? "" : ` (or ${lack.otherwise})`} Then run \`full\` again`
}

/** Advice for rows that differ in columns that were added after the copy. */
export const addedColumnAdvice = (name: string, added: ReadonlyArray<string>): string =>
  `${name} was given ${added.length === 1 ? "the column" : "the columns"} ${added.join(", ")} after its \`full\`, and the WAL does not hold its values in older rows: run \`full\` again`
