/** ON_NEW_COLUMN=exclude: columns that the lake does not have yet stay out of it. */
import { Effect, Option } from "effect"
import type { KnownColumns, Projection } from "../core/columns/Projection.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { printTable, quoteIdentifier, type TableName } from "../core/source/SourceTable.ts"
import { lakeColumns } from "../lake/LakeColumns.ts"
import { newestObject } from "../lake/NewestObject.ts"

/** True if new columns of the table are dropped. */
export const dropsNewColumns = (projection: Projection | undefined): projection is Projection =>
  projection?.rules.onNewColumn === "exclude"

/** Returns the columns that the lake has; undefined if new ones are kept, or if it has nothing of the dataset. */
export const knownColumns = Effect.fn("NewColumns.knownColumns")(function* (
  layout: LakeFolders,
  dataset: string,
  projection: Projection | undefined,
) {
  if (!dropsNewColumns(projection)) return undefined
  const newest = yield* newestObject("inc", layout, dataset, Option.none())
  const key = Option.map(newest, ({ object }) => object.key)
  const known: KnownColumns = Option.getOrUndefined(yield* lakeColumns(layout, dataset, key))
  return known
})

/** Returns a sentence for people; undefined if no column was left out. */
export const newColumnsNotice = (
  table: TableName,
  projection: Projection | undefined,
): string | undefined => {
  const columns = [...(projection?.newColumns ?? [])]
  if (columns.length === 0) return undefined
  const list = columns.map(quoteIdentifier).join(", ")
  return `Table ${printTable(table)}: ON_NEW_COLUMN=exclude leaves out ${list}, because the lake does not have ${columns.length === 1 ? "it" : "them"} yet. To admit new columns set ON_NEW_COLUMN=include, restart \`cdc\`, and run \`node dist/main.js full\``
}
