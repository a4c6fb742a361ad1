/** The one way to the rows of a table: without the columns that are dropped, and with hashes for those that are hashed. */
import { Effect, Stream } from "effect"
import { HashedFields } from "../core/columns/HashedFields.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { CopiedRows, Snapshot, TableCopy } from "../services/source/SourceTables.ts"
import type { ProjectedTable } from "./ProjectedTable.ts"

/** Copies the columns of the description. The server is asked for no others, and never learns the key. */
export const projectedCopy = (
  snapshot: Snapshot,
  { description, hashed, projection }: ProjectedTable,
): TableCopy => {
  const copy = snapshot.copy(description)
  if (projection === undefined || hashed.length === 0) return copy
  const isHashed = description.columns.map(({ name }) => hashed.includes(name))
  const fieldsOf = () => new HashedFields(isHashed, projection.hashing)
  const hashedRows = (header: Uint8Array, rows: Stream.Stream<CopiedRows, SourceError>) =>
    Stream.suspend(() => {
      const fields = fieldsOf()
      fields.push(header)
      return Stream.map(rows, (chunk) => ({ ...chunk, bytes: fields.push(chunk.bytes) }))
    })
  const csv = Stream.suspend(() => {
    const fields = fieldsOf()
    return copy.csv.pipe(
      Stream.map((chunk) => fields.push(chunk)),
      Stream.filter((chunk) => chunk.length > 0),
    )
  })
  const open = Effect.map(copy.open, ({ header, readers }) => ({
    header,
    readers: readers.map((rows) => hashedRows(header, rows)),
  }))
  return { csv, open }
}
