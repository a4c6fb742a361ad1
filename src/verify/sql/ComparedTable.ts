/** How the rows of a table are identified when the lake's are compared with its own. */

import { type Identity, lackOfIdentity } from "../../core/source/ReplicaIdentity.ts"
import { counted } from "../../core/text/CountedNoun.ts"

/** What of a table's catalog entry decides it. */
export interface TableIdentity {
  /** In table order, without those of which the WAL holds no value. */
  readonly columns: ReadonlyArray<string>
  readonly primaryKey: ReadonlyArray<string>
  /** The key columns of an old tuple in the WAL; empty under FULL and where there is none. */
  readonly replicaKey: ReadonlyArray<string>
  /** False where the WAL does not say which row was deleted. */
  readonly identifiesDeletes: boolean
}

export interface ComparedTable {
  readonly columns: ReadonlyArray<string>
  /** Places of the key's columns in `columns`. Empty: rows that are the same in all columns are counted. */
  readonly key: ReadonlyArray<number>
  /** False where the WAL does not say which row was changed: only inserts can be followed then. */
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

/** How many values its rows are given for the comparison: at least two, so that no row is an empty line. */
const valueCount = ({ columns }: ComparedTable): number => Math.max(columns.length, 2)

/** More columns share cells: the engine needs some 300 KB of memory for each column of a table, and a table may have 1,600. */
const mostCells = 64

/** Places of the columns whose values one field of the comparison's rows holds. */
export type CellColumns = ReadonlyArray<number>

/** One for each column; of a wide table one for each column of the key, and the other columns share the rest. */
export const cells = (table: ComparedTable): ReadonlyArray<CellColumns> => {
  const places = Array.from({ length: valueCount(table) }, (_, place) => place)
  if (places.length <= mostCells) return places.map((place) => [place])
  const others = places.filter((place) => !table.key.includes(place))
  const size = Math.ceil(others.length / mostCells)
  const shared = Array.from({ length: Math.ceil(others.length / size) }, (_, n) =>
    others.slice(n * size, (n + 1) * size),
  )
  return [...table.key.map((place) => [place]), ...shared]
}

/** Numbers of the key's cells, in key order: each column of the key has a cell of its own. */
export const keyCells = (table: ComparedTable): ReadonlyArray<number> => {
  const all = cells(table)
  return table.key.map((place) => all.findIndex((cell) => cell.length === 1 && cell[0] === place))
}

/** Numbers of the cells whose old values are needed to follow a change: those of the key, or all. */
export const identityCells = (table: ComparedTable): ReadonlyArray<number> =>
  table.key.length > 0
    ? keyCells(table)
    : cells(table).flatMap((cell, n) => (cell.every((place) => place < table.columns.length) ? [n] : []))

/** The columns of a change besides its old and new row. */
export const eventHead = ["object", "line", "op", "lsn", "seq", "unsent", "had"] as const

/** Values of a change's row: no row of the comparison has more. */
export const eventValues = (table: ComparedTable): number =>
  eventHead.length + (table.key.length > 0 ? table.key.length : table.columns.length) + valueCount(table)

/** Advice for a table of which so many changes cannot be followed; `name` is quoted as in SQL. */
export const unfollowedAdvice = (
  name: string,
  changes: number,
  table: Identity & { readonly identifiesDeletes: boolean },
): string => {
  const found = `The WAL does not say which rows of ${name} ${counted(changes, "change was", "changes were")} about`
  if (table.identifiesDeletes) return `${found}; of newer ones it does. Run \`full\` again`
  const { why, sql, otherwise } = lackOfIdentity(name, table)
  return `${found}: ${why}. ${sql}${otherwise === undefined ? "" : ` (or ${otherwise})`} Then run \`full\` again`
}

/** Advice for rows that differ in columns which the table did not have when it was copied. */
export const addedColumnAdvice = (name: string, added: ReadonlyArray<string>): string =>
  `${name} was given ${added.length === 1 ? "the column" : "the columns"} ${added.join(", ")} after its \`full\`, and the WAL does not hold its values in older rows: run \`full\` again`
