/** Rows of one query about several things, by the number of the thing that each is about. */
import type { Row } from "../../connection/PostgresSession.ts"

/** Returns the rows by what `column` says, a whole number, each group in the order of the query. */
export const groupedRows = (
  rows: ReadonlyArray<Row>,
  column: string,
): ReadonlyMap<number, ReadonlyArray<Row>> => {
  const groups = new Map<number, Array<Row>>()
  for (const row of rows) {
    const number = Number(row[column])
    const group = groups.get(number)
    if (group === undefined) groups.set(number, [row])
    else group.push(row)
  }
  return groups
}
