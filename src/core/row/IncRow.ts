/**
 * The rows of `inc`: seven columns that describe the change, then the table's own. Specified in docs/format.md.
 * All texts are byte strings. `IncRowWriter.ts` writes the rows.
 */
import { csvRow } from "../csv/Csv.ts"
import type { RowTokenizer } from "../slot/tokens/RowTokenizer.ts"
import type { Column } from "../slot/tokens/TableMemo.ts"
import { namesOf, type TupleSpans } from "../slot/tokens/TupleSpans.ts"

/** Names of a table's columns, in table order. */
export type Shape = ReadonlyArray<string>

export const metaColumns = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"] as const

/** What every row of one transaction shares, as it stands in the row. */
export interface CommitFields {
  /** Sortable: `00000000/016B3748`. */
  readonly lsn: string
  readonly xid: number
  /** As PostgreSQL prints a timestamptz in UTC. */
  readonly at: string
}

/**
 * Returns the header. A column of the table with the name of one of ours gets `_` appended until neither our columns nor the
 * table's have that name. All other names stay.
 */
export const incHeader = (shape: Shape): string => {
  const taken = new Set<string>([...metaColumns, ...shape])
  const ours = new Set<string>(metaColumns)
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name)
  return csvRow([...metaColumns, ...shape.map((name) => (ours.has(name) ? free(name) : name))])
}

/** Returns the columns of the line's relation. Only INSERT and UPDATE name all of them. */
export const shapeOf = (tokens: RowTokenizer): Shape => namesOf(tokens.row)

/** Decides whether a row with given columns can hold a change. */
export class ShapeFit {
  readonly shape: Shape
  /** The columns of the last whole row that fitted. Successive rows share the array, so that names need no comparison. */
  #fitting: ReadonlyArray<Column> | undefined

  constructor(shape: Shape) {
    this.shape = shape
  }

  /**
   * True if a row with these columns holds exactly the line's change. INSERT and UPDATE must have the same columns, in this
   * order. A DELETE names the identity columns that were not NULL: all must be among these, in this order. A TRUNCATE
   * always fits.
   */
  has(tokens: RowTokenizer): boolean {
    switch (tokens.tag) {
      case "Insert":
      case "Update":
        return tokens.row.columns === this.#fitting || this.#hasRow(tokens.row)
      case "Delete":
        return isWithin(tokens.old, this.shape)
      case "Truncate":
        return true
    }
  }

  #hasRow(row: TupleSpans): boolean {
    const fits = row.count === this.shape.length && isWithin(row, this.shape)
    if (fits) this.#fitting = row.columns
    return fits
  }
}

/** True if the tuple names only columns of `shape`, in its order. */
export const isWithin = ({ columns, count }: TupleSpans, shape: Shape): boolean => {
  let next = 0
  for (let i = 0; i < shape.length && next < count; i++) if (columns[next]?.name === shape[i]) next++
  return next === count
}
