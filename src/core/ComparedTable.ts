/** How the rows of a table are told apart when the lake's are compared with its own. */

import { type Identity, lackOfIdentity } from "./ReplicaIdentity.ts"

/** What of a table's catalog entry decides it. */
export interface TableIdentity {
  /** In table order, those that the log holds no value of left out. */
  readonly columns: ReadonlyArray<string>
  readonly primaryKey: ReadonlyArray<string>
  /** The columns by which the log names a row; empty under FULL and where it names none. */
  readonly replicaKey: ReadonlyArray<string>
  /** False where the log does not say which row was deleted. */
  readonly identifiesDeletes: boolean
}

export interface ComparedTable {
  readonly columns: ReadonlyArray<string>
  /** Places of the key's columns in `columns`. Empty: rows that are the same in all columns are counted. */
  readonly key: ReadonlyArray<number>
  /** False where the log does not say which row was changed: only inserts can be followed then. */
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

/** The columns whose old values are needed to follow a change: the key, or all. */
export const identityPlaces = ({ columns, key }: ComparedTable): ReadonlyArray<number> =>
  key.length > 0 ? key : columns.map((_, place) => place)

/** How many columns its rows are given for the comparison: at least two, so that no row is an empty line. */
export const columnCount = ({ columns }: ComparedTable): number => Math.max(columns.length, 2)

/** What a change is told with, beside the old and the new row. */
export const eventHead = ["object", "line", "op", "lsn", "seq", "unsent", "had"] as const

/** Fields of a change's row: no row of the comparison has more. */
export const eventFields = (table: ComparedTable): number =>
  eventHead.length + identityPlaces(table).length + columnCount(table)

/** Advice for a table of which so many changes cannot be followed; `name` is quoted as in SQL. */
export const unfollowedAdvice = (
  name: string,
  changes: number,
  table: Identity & { readonly identifiesDeletes: boolean },
): string => {
  const found = `The log does not say which rows of ${name} ${changes === 1 ? "1 change was" : `${changes} changes were`} about`
  if (table.identifiesDeletes) return `${found}; of newer ones it does. Run \`full\` again`
  const { why, sql, otherwise } = lackOfIdentity(name, table)
  return `${found}: ${why}. ${sql}${otherwise === undefined ? "" : ` (or ${otherwise})`} Then run \`full\` again`
}

/** Advice for rows that differ in columns which the table did not have when it was copied. */
export const addedColumnAdvice = (name: string, added: ReadonlyArray<string>): string =>
  `${name} was given ${added.length === 1 ? "the column" : "the columns"} ${added.join(", ")} after its \`full\`, and the log does not tell what older rows have there: run \`full\` again`
