/** A table of the source that may have been dropped by now. */
import { Effect, Option } from "effect"
import type { TableName } from "../core/source/SourceTable.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import { SourceTables, type TableDescription } from "../services/source/SourceTables.ts"

/** Describes the table. Returns none if it does not exist any more. */
export const describeNow = Effect.fnUntraced(function* (
  table: TableName,
): Effect.fn.Return<Option.Option<TableDescription>, SourceError, SourceTables> {
  const { describe } = yield* SourceTables
  return yield* describe(table).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error: SourceError) => error.reason === "SchemaOrTableMissing",
      () => Effect.succeedNone,
    ),
  )
})
