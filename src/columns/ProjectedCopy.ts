/** The one way to the rows of a table: without the columns that are dropped, and with hashes for those that are hashed. */
import { Stream } from "effect"
import { HashedFields } from "../core/columns/HashedFields.ts"
import type { Snapshot, TableCopy } from "../services/source/SourceTables.ts"
import type { ProjectedTable } from "./ProjectedTable.ts"

/** Copies the columns of the description. The server is asked for no others, and never learns the key. */
export const projectedCopy = (
  snapshot: Snapshot,
  { description, hashed, projection }: ProjectedTable,
): TableCopy => {
  const copy = snapshot.copy(description)
  if (projection === undefined || hashed.length === 0) return copy
  const isHashed = description.columns.map(({ name }) => hashed.includes(name))
  const csv = Stream.suspend(() => {
    const fields = new HashedFields(isHashed, projection.hashing)
    return copy.csv.pipe(
      Stream.map((chunk) => fields.push(chunk)),
      Stream.filter((chunk) => chunk.length > 0),
    )
  })
  return { ...copy, csv }
}
