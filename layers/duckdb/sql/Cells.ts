/** How the rows of a table are divided into the fields that DuckDB reads. */
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"

/** Values of a row in the comparison: at least two, so that no row is an empty line. */
const valueCount = ({ columns }: ComparedTable): number => Math.max(columns.length, 2)

/** In a wider table columns share cells: DuckDB needs about 300 KB of memory per column, and a table may have 1,600. */
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

/** The columns of a change before its old and new row. `part` is the partition, NULL if there is none. */
export const eventHead = ["object", "line", "op", "lsn", "seq", "unsent", "had", "part"] as const

/** Number of values in a change's row: no row of the comparison has more. */
export const eventValues = (table: ComparedTable): number =>
  eventHead.length + (table.key.length > 0 ? table.key.length : table.columns.length) + valueCount(table)
