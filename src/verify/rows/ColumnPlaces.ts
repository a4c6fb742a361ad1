/** Where the columns that a table has now stand in an object of the lake, whatever shape the table had then. */
import { metaColumns } from "../../core/row/IncRow.ts"

const ours: ReadonlySet<string> = new Set(metaColumns)

/**
 * For each of `columns` its place in `header`, or -1 where the object lacks it. `header` are the table's columns of an object,
 * without the seven of ours in `inc`, where a column that bears one of their names has `_` appended. Text or byte strings.
 */
export const columnPlaces = (
  header: ReadonlyArray<string>,
  columns: ReadonlyArray<string>,
): ReadonlyArray<number> => {
  const known = new Set(columns)
  const exact = new Map(header.map((name, place) => [name, place]))
  return columns.map((column) => {
    const place = exact.get(column)
    if (place !== undefined || !ours.has(column)) return place ?? -1
    // Its own name is taken by ours: it has the next one that no column of the table has.
    for (let name = `${column}_`; ; name += "_") {
      const renamed = exact.get(name)
      if (renamed === undefined) return -1
      if (!known.has(name)) return renamed
    }
  })
}

/** Whether the header of an object of `inc` begins with our columns. */
export const hasMetaColumns = (header: ReadonlyArray<string | null>): boolean =>
  metaColumns.every((name, place) => header[place] === name)

/**
 * The names in `header` (as above, of `inc`) that no column of `known` bears, be it with the `_` that `inc` appends to one of
 * our names.
 */
export const unknownNames = (
  header: ReadonlyArray<string>,
  known: ReadonlySet<string>,
): ReadonlyArray<string> =>
  header.filter((name) => {
    const own = name.replace(/_+$/, "")
    return !known.has(name) && !(ours.has(own) && known.has(own))
  })
