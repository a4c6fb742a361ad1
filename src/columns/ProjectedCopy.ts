/** The one way to the rows of a table: without the columns that are dropped, and with hashes for those that are hashed. */
import { Effect, Stream } from "effect"
import { HashedFields } from "../core/columns/HashedFields.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { RowStream, Snapshot, TableCopy } from "../services/source/SourceTables.ts"
import type { ProjectedTable } from "./ProjectedTable.ts"

/** Copies the columns of the description. The server is asked for no others, and never learns the key. */
export const projectedCopy = (
  snapshot: Snapshot,
  { description, hashed, projection }: ProjectedTable,
): TableCopy => {
  const copy = snapshot.copy(description)
  if (projection === undefined || hashed.length === 0) return copy
  const isHashed = description.columns.map(({ name }) => hashed.includes(name))
  const hashedRows = (header: Uint8Array, rows: RowStream) =>
    Stream.suspend(() => {
      const fields = new HashedFields(isHashed, projection.hashing)
      fields.push(header)
      return Stream.map(rows, (chunk) => ({ ...chunk, bytes: fields.push(chunk.bytes) }))
    })
  return {
    open: (divideFrom) =>
      Effect.map(copy.open(divideFrom), ({ header, parts }) => ({
        header,
        parts: parts.map((rows) => hashedRows(header, rows)),
      })),
  }
}

/** Emits all rows of the copy as one CSV. */
export const oneCsv = (copy: TableCopy): Stream.Stream<Uint8Array, SourceError> =>
  Stream.unwrap(
    Effect.map(copy.open(Number.POSITIVE_INFINITY), ({ header, parts }) =>
      Stream.concat(
        Stream.succeed(header),
        Stream.map(Stream.flatten(Stream.fromIterable(parts)), ({ bytes }) => bytes),
      ),
    ),
  )
