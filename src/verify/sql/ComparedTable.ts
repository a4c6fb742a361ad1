/** How rows are identified when the lake's are compared with the table's. */

import { type Identity, lackOfIdentity } from "../../core/source/ReplicaIdentity.ts"
import { counted } from "../../core/text/CountedNoun.ts"

/** The facts of the catalog that decide it. */
export interface TableIdentity {
  /** In table order, without columns whose values are never in the WAL. */
  readonly columns: ReadonlyArray<string>
  readonly primaryKey: ReadonlyArray<string>
  /** The key columns of an old tuple in the WAL; empty under FULL and if there are none. */
  readonly replicaKey: ReadonlyArray<string>
  /** False if the WAL does not say which row was deleted. */
  readonly identifiesDeletes: boolean
}

export interface ComparedTable {
  readonly columns: ReadonlyArray<string>
  /** Indexes of the key's columns in `columns`. If empty, rows that are equal in all columns are counted. */
  readonly key: ReadonlyArray<number>
  /** False if the WAL does not say which row was changed: then only inserts can be followed. */
  readonly followsChanges: boolean
}

export const comparedTable = ({
  columns,
  primaryKey,
  replicaKey,
  identifiesDeletes,
}: TableIdentity): ComparedTable => {
  const key = replicaKey.length > 0 ? replicaKey : primaryKey
  return { columns, key: key.map((name) => columns.indexOf(name)), followsChanges: identifiesDeletes }
}

/** Values of a row in the comparison: at least two, so that no row is an empty line. */
const valueCount = ({ columns }: ComparedTable): number => Math.max(columns.length, 2)

/** In a wider table columns share cells: the engine needs about 300 KB of memory per column, and a table may have 1,600. */
const mostCells = 64

/** Indexes of the columns whose values one field of the comparison's rows holds. */
export type CellColumns = ReadonlyArray<number>

/** One cell per column. In a wide table the key's columns have a cell each, and the others share the rest. */
export const cells = (table: ComparedTable): ReadonlyArray<CellColumns> => {
  const indexes = Array.from({ length: valueCount(table) }, (_, index) => index)
  if (indexes.length <= mostCells) return indexes.map((index) => [index])
  const others = indexes.filter((index) => !table.key.includes(index))
  const size = Math.ceil(others.length / mostCells)
  const shared = Array.from({ length: Math.ceil(others.length / size) }, (_, n) =>
    others.slice(n * size, (n + 1) * size),
  )
  return [...table.key.map((index) => [index]), ...shared]
}

/** Numbers of the key's cells, in key order: each column of the key has a cell of its own. */
export const keyCells = (table: ComparedTable): ReadonlyArray<number> => {
  const all = cells(table)
  return table.key.map((index) => all.findIndex((cell) => cell.length === 1 && cell[0] === index))
}

/** Numbers of the cells whose old values identify the changed row: those of the key, or all. */
export const identityCells = (table: ComparedTable): ReadonlyArray<number> =>
  table.key.length > 0
    ? keyCells(table)
    : cells(table).flatMap((cell, n) => (cell.every((index) => index < table.columns.length) ? [n] : []))

/** The columns of a change before its old and new row. */
export const eventHead = ["object", "line", "op", "lsn", "seq", "unsent", "had"] as const

/** Number of values in a change's row: no row of the comparison has more. */
export const eventValues = (table: ComparedTable): number =>
  eventHead.length + (table.key.length > 0 ? table.key.length : table.columns.length) + valueCount(table)

/** Advice for a table if `changes` of its changes cannot be followed. `name` is quoted as in SQL. */
export const unfollowedAdvice = (
  name: string,
  changes: number,
  table: Identity & { readonly identifiesDeletes: boolean },
): string => {
  const problem = `The WAL does not say which rows of ${name} ${counted(changes, "change was", "changes were")} about`
  if (table.identifiesDeletes) return `${problem}; of newer ones it does. Run \`full\` again`
  const { why, sql, otherwise } = lackOfIdentity(name, table)
  return `${problem}: ${why}. ${sql}${otherwise === undefined ? "" : ` (or ${otherwise})`} Then run \`full\` again`
}

/** Advice for rows that differ in columns that were added after the copy. */
export const addedColumnAdvice = (name: string, added: ReadonlyArray<string>): string =>
  `${name} was given ${added.length === 1 ? "the column" : "the columns"} ${added.join(", ")} after its \`full\`, and the WAL does not hold its values in older rows: run \`full\` again`
