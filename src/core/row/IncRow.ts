/**
 * The rows of `inc`: seven columns that describe the change, an eighth one if the table is partitioned, then the table's own.
 * Specified in docs/format.md. All texts are byte strings. `IncRowWriter.ts` writes the rows.
 */
import { csvRow } from "../csv/Csv.ts"
import type { RowTokenizer } from "../slot/tokens/RowTokenizer.ts"
import { namesOf } from "../slot/tokens/TupleSpans.ts"

/** Names of a relation's columns, in table order. */
export type Columns = ReadonlyArray<string>

export const metaColumns = ["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"] as const

/** Follows them in the datasets of partitioned tables: the leaf, as printed in SQL. */
export const partitionColumn = "_partition"

/** Our columns in a dataset. */
export const metaColumnsOf = (isPartitioned: boolean): ReadonlyArray<string> =>
  isPartitioned ? [...metaColumns, partitionColumn] : metaColumns

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
export const incHeader = (columns: Columns, isPartitioned = false): string => {
  const head = metaColumnsOf(isPartitioned)
  const taken = new Set<string>([...head, ...columns])
  const ours = new Set<string>(head)
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name)
  return csvRow([...head, ...columns.map((name) => (ours.has(name) ? free(name) : name))])
}

/** Returns the columns of the line's relation. Only INSERT and UPDATE name all of them. */
export const columnsOf = (tokens: RowTokenizer): Columns => namesOf(tokens.row)
