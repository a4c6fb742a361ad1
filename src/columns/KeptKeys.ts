/** Refuses rows without the columns that identify them. */
import { Effect, Option } from "effect"
import type { Projection } from "../core/columns/Projection.ts"
import type { TableName } from "../core/source/SourceTable.ts"
import { describeNow } from "../tables/PresentTable.ts"
import { projectedTable } from "./ProjectedTable.ts"

/**
 * Fails with `KeyExcluded` if a column that is dropped belongs to a key of the table now. Asks the catalog only if the batch has
 * dropped one: every row of a table prints its key columns. A table that does not exist any more has no key.
 */
export const keptKeys = Effect.fnUntraced(function* (table: TableName, projection: Projection | undefined) {
  if (projection === undefined || !projection.hasDropped) return
  const found = yield* describeNow(table)
  if (Option.isSome(found)) yield* projectedTable(found.value, projection)
})
