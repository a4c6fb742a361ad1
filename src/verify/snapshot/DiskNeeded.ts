/** Estimates the disk that a comparison needs at most. Runs only when there was too little. */
import { Effect, Option } from "effect"
import type { LakeFolders } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { type Fulls, listIncs } from "../../lake/LakeInventory.ts"
import { ComparisonError } from "../../services/lake/ComparisonError.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"

interface ListedTable {
  readonly source: SourceTable
  readonly fulls: Fulls
}

/** Bytes of the temporary files and of the engine's files: all tables at once, and the changes of one. */
const diskNeeded = Effect.fnUntraced(function* (layout: LakeFolders, tables: ReadonlyArray<ListedTable>) {
  const catalog = yield* SourceTables
  const sizes = yield* Effect.forEach(tables, ({ source: { table, dataset }, fulls }) =>
    Effect.gen(function* () {
      const { estimatedBytes } = yield* catalog.describe(table)
      const { objects } = yield* listIncs(layout, dataset, Option.none())
      const copied = Option.match(fulls.newest, { onNone: () => 0, onSome: ({ bytes }) => bytes })
      return estimatedBytes + copied + objects.reduce((sum, { bytes }) => sum + bytes, 0)
    }),
  )
  return sizes.reduce((sum, size) => sum + 2 * size, 0)
})

/** Fails with the same error. If the disk was full, adds how much is needed, unless that cannot be estimated now. */
export const withDiskNeeded =
  (layout: LakeFolders, tables: ReadonlyArray<ListedTable>) =>
  <E>(error: E) => {
    if (!(error instanceof ComparisonError) || error.reason !== "Full") return Effect.fail(error)
    return diskNeeded(layout, tables).pipe(
      Effect.map((bytes) => {
        const detail = `${error.detail}; up to ${(bytes / 1e9).toFixed(1)} GB are needed`
        return new ComparisonError({ reason: "Full", detail, cause: error })
      }),
      Effect.orElseSucceed(() => error),
      Effect.flatMap(Effect.fail),
    )
  }
