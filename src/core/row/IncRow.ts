/**
 * The rows of `inc`: seven columns that describe the change, then the table's own. Specified in docs/format.md.
 * All texts are byte strings. `IncRowWriter.ts` writes the rows.
 */
import { csvRow } from "../csv/Csv.ts"
import type { Column } from "../slot/tokens/Column.ts"
import type { RowTokenizer } from "../slot/tokens/RowTokenizer.ts"
import { namesOf, type TupleSpans } from "../slot/tokens/TupleSpans.ts"

/** Names of a relation's columns, in table order. */
export type Columns = ReadonlyArray<string>

export const metaColumns = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"] as const

/** The fields that all rows of a transaction share. */
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
export const incHeader = (columns: Columns): string => {
  const taken = new Set<string>([...metaColumns, ...columns])
  const ours = new Set<string>(metaColumns)
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name)
  return csvRow([...metaColumns, ...columns.map((name) => (ours.has(name) ? free(name) : name))])
}

/** Returns the columns of the line's relation. Only INSERT and UPDATE name all of them. */
export const columnsOf = (tokens: RowTokenizer): Columns => namesOf(tokens.row)

/** Decides whether a row with given columns can hold a change. */
export class ColumnsFit {
  readonly columns: Columns
  /** The columns of the last whole row that fitted. Successive rows share the array, so that names need no comparison. */
  #fitting: ReadonlyArray<Column> | undefined

  constructor(columns: Columns) {
    this.columns = columns
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
        return isSubsequenceOf(tokens.old, this.columns)
      case "Truncate":
        return true
    }
  }

  #hasRow(row: TupleSpans): boolean {
    const fits = row.count === this.columns.length && isSubsequenceOf(row, this.columns)
    if (fits) this.#fitting = row.columns
    return fits
  }
}

/** True if the tuple names only columns of `names`, in its order. */
export const isSubsequenceOf = ({ columns, count }: TupleSpans, names: Columns): boolean => {
  let next = 0
  for (let i = 0; i < names.length && next < count; i++) if (columns[next]?.name === names[i]) next++
  return next === count
}
