/** Finds a table's columns of today in an object of the lake, whose header may be older. */
import { metaColumnsOf } from "../../core/row/IncRow.ts"

const ours: ReadonlySet<string> = new Set(metaColumnsOf(true))

/**
 * Returns for each of `columns` its index in `header`, or -1 if the object lacks it. `header` holds the table's columns of an
 * object, without ours in `inc`. There a column with one of our names has `_` appended. Text or byte strings.
 */
export const columnIndexes = (
  header: ReadonlyArray<string>,
  columns: ReadonlyArray<string>,
): ReadonlyArray<number> => {
  const known = new Set(columns)
  const exact = new Map(header.map((name, index) => [name, index]))
  return columns.map((column) => {
    const index = exact.get(column)
    if (index !== undefined || !ours.has(column)) return index ?? -1
    // Our column has the name: the table's column has the next one that is free.
    for (let name = `${column}_`; ; name += "_") {
      const renamed = exact.get(name)
      if (renamed === undefined) return -1
      if (!known.has(name)) return renamed
    }
  })
}

/** True if the header of an object of `inc` begins with our columns. */
export const hasMetaColumns = (header: ReadonlyArray<string | null>, isPartitioned: boolean): boolean =>
  metaColumnsOf(isPartitioned).every((name, index) => header[index] === name)

/**
 * Returns the names in `header` (as above, of `inc`) that are not in `known`. A name to which `inc` has appended `_`, because
 * it is one of ours, counts as known.
 */
export const unknownNames = (
  header: ReadonlyArray<string>,
  known: ReadonlySet<string>,
): ReadonlyArray<string> =>
  header.filter((name) => {
    const own = name.replace(/_+$/, "")
    return !known.has(name) && !(ours.has(own) && known.has(own))
  })
