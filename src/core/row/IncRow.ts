/**
 * The rows of `inc`: seven columns that tell the change, then the table's own. Specified in docs/format.md.
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
 * The header. A column of the table that bears the name of one of ours gets `_` appended, as often as it takes until
 * neither our columns nor the table's have that name; all other names stay.
 */
export const incHeader = (shape: Shape): string => {
  const taken = new Set<string>([...metaColumns, ...shape])
  const ours = new Set<string>(metaColumns)
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name)
  return csvRow([...metaColumns, ...shape.map((name) => (ours.has(name) ? free(name) : name))])
}

/** An INSERT and an UPDATE name every column of the table at that moment. */
export const shapeOf = (tokens: RowTokenizer): Shape => namesOf(tokens.row)

/** Whether rows of one shape hold a change. */
export class ShapeFit {
  readonly shape: Shape
  /** Of the last whole row that fitted. Successive rows share them, so that names need no comparison. */
  #fitting: ReadonlyArray<Column> | undefined

  constructor(shape: Shape) {
    this.shape = shape
  }

  /**
   * Whether a row of this shape holds the line's change, no more and no less. INSERT and UPDATE must have just these
   * columns, in this order. A DELETE names the identity columns that were not NULL: all must be in the shape, in its
   * order. A TRUNCATE fits every shape.
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

/** Whether the tuple names nothing but columns of the shape, in its order. */
export const isWithin = ({ columns, count }: TupleSpans, shape: Shape): boolean => {
  let next = 0
  for (let i = 0; i < shape.length && next < count; i++) if (columns[next]?.name === shape[i]) next++
  return next === count
}
