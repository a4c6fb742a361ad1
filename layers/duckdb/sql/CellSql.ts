/** Parts that the statements of the comparison share: row files, cells, keys (DuckDB's SQL). See `ReplaySql.ts`. */
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import { cells, keyCells } from "./Cells.ts"

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** No row is longer: see `ComparableRows.ts`. In bytes. */
const maxLineBytes = 2 * 1024 * 1024

/** Reads the dialect of `Csv.ts`, without line breaks in values, so that each thread can find where a row begins. */
export const readCsv = (path: string, columns: ReadonlyArray<string>): string =>
  `read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
     allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${maxLineBytes}, buffer_size = ${2 * maxLineBytes},
     columns = {${columns.map((name) => `${name}: 'VARCHAR'`).join(", ")}})`

/** Numbers of all cells. */
export const numbers = (table: ComparedTable): ReadonlyArray<number> => cells(table).map((_, n) => n)

export const list = (names: ReadonlyArray<string>): string => names.join(", ")
export const columns = (table: ComparedTable, of = ""): string =>
  list(numbers(table).map((n) => `${of}c${n}`))
export const keys = (table: ComparedTable, of = ""): string => list(keyCells(table).map((n) => `${of}k${n}`))
export const sameKey = (table: ComparedTable, a: string, b: string): string =>
  keyCells(table)
    .map((n) => `${a}${n} = ${b}${n}`)
    .join(" AND ")

/** `ComparableRows.ts` writes it between the values of one cell. */
export const cellSeparator = "chr(3)"
export const valuesIn = (cell: string): string => `string_split(${cell}, ${cellSeparator})`

/** The value of the column at `index`; in a shared cell it is a CSV field. */
export const columnOf = (table: ComparedTable, of: string, index: number): string => {
  const all = cells(table)
  const n = all.findIndex((cell) => cell.includes(index))
  const cell = all[n] ?? []
  return cell.length === 1 ? `${of}c${n}` : `${valuesIn(`${of}c${n}`)}[${cell.indexOf(index) + 1}]`
}

/** Numbers of the cells that are not of the key. */
export const others = (table: ComparedTable): ReadonlyArray<number> => {
  const key = keyCells(table)
  return numbers(table).filter((n) => !key.includes(n))
}
