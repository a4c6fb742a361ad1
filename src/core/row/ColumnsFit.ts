/** Decides whether a row with given columns can hold a change, and where its values go. */
import type { Column } from "../slot/tokens/Column.ts"
import type { RowTokenizer } from "../slot/tokens/RowTokenizer.ts"
import type { TupleSpans } from "../slot/tokens/TupleSpans.ts"
import type { Columns } from "./IncRow.ts"

/** For each column the index of its value in a row. */
export type Placement = Int32Array

export class ColumnsFit {
  readonly columns: Columns
  readonly isPartitioned: boolean
  /** The columns of the last whole row that fitted. Successive rows share the array, so that names need no comparison. */
  #fitting: ReadonlyArray<Column> | undefined
  /** By the columns of whole rows. Each leaf has its own array, also for the same columns. */
  readonly #placements = new WeakMap<ReadonlyArray<Column>, Placement | "in order" | "other columns">()

  /** The leaves of a partitioned table may each have another order of the columns. */
  constructor(columns: Columns, isPartitioned = false) {
    this.columns = columns
    this.isPartitioned = isPartitioned
  }

  /**
   * True if a row with these columns holds exactly the line's change. INSERT and UPDATE must have the same columns, in this
   * order if the table is not partitioned. A DELETE names the identity columns that were not NULL: all must be among these.
   * A TRUNCATE always fits.
   */
  has(tokens: RowTokenizer): boolean {
    switch (tokens.tag) {
      case "Insert":
      case "Update":
        return tokens.row.columns === this.#fitting || this.#hasRow(tokens.row)
      case "Delete":
        return this.isPartitioned
          ? isAmong(tokens.old, this.columns)
          : isSubsequenceOf(tokens.old, this.columns)
      case "Truncate":
        return true
    }
  }

  /** Returns where the values of a fitting whole row go; undefined if they have the order of the columns. */
  placementOf({ columns }: TupleSpans): Placement | undefined {
    if (columns === this.#fitting) return undefined
    const placement = this.#placements.get(columns)
    return typeof placement === "string" ? undefined : placement
  }

  #hasRow(row: TupleSpans): boolean {
    if (this.isPartitioned) return this.#hasLeafRow(row)
    const fits = row.count === this.columns.length && isSubsequenceOf(row, this.columns)
    if (fits) this.#fitting = row.columns
    return fits
  }

  #hasLeafRow(row: TupleSpans): boolean {
    let placement = this.#placements.get(row.columns)
    if (placement === undefined) {
      placement = placementIn(row, this.columns)
      this.#placements.set(row.columns, placement)
    }
    if (placement === "in order") this.#fitting = row.columns
    return placement !== "other columns"
  }
}

const placementIn = (row: TupleSpans, names: Columns): Placement | "in order" | "other columns" => {
  const { columns, count } = row
  if (count !== names.length) return "other columns"
  if (isSubsequenceOf(row, names)) return "in order"
  const indexes = new Map(columns.slice(0, count).map(({ name }, index) => [name, index]))
  const placement = Int32Array.from(names, (name) => indexes.get(name) ?? -1)
  return placement.includes(-1) ? "other columns" : placement
}

/** True if the tuple names only columns of `names`, in its order. */
export const isSubsequenceOf = ({ columns, count }: TupleSpans, names: Columns): boolean => {
  let next = 0
  for (let i = 0; i < names.length && next < count; i++) if (columns[next]?.name === names[i]) next++
  return next === count
}

/** True if the tuple names only columns of `names`, in any order. */
export const isAmong = ({ columns, count }: TupleSpans, names: Columns): boolean => {
  for (let i = 0; i < count; i++) if (!names.includes(columns[i]?.name ?? "")) return false
  return true
}
