/** Refuses rows without the columns that identify them. */
import { Effect } from "effect"
import type { Projection } from "../core/columns/Projection.ts"
import type { TableName } from "../core/source/SourceTable.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import { SourceTables } from "../services/source/SourceTables.ts"
import { projectedTable } from "./ProjectedTable.ts"

/**
 * Fails with `KeyExcluded` if a column that is dropped belongs to a key of the table now. Asks the catalog only if the batch has
 * dropped one: every row of a table prints its key columns. A table that does not exist any more has no key.
 */
export const keptKeys = Effect.fnUntraced(function* (table: TableName, projection: Projection | undefined) {
  if (projection === undefined || !projection.hasDropped) return
  const { describe } = yield* SourceTables
  yield* Effect.catchIf(
    Effect.flatMap(describe(table), (found) => projectedTable(found, projection)),
    (error: SourceError) => error.reason === "SchemaOrTableMissing",
    () => Effect.void,
  )
})
