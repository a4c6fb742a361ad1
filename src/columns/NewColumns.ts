/** Columns that stay out of the lake: new ones under ON_NEW_COLUMN=exclude, and masked ones under another name. */
import { Effect, Option } from "effect"
import { columnsOfMasked } from "../core/columns/MaskedTable.ts"
import type { KnownColumns, Projection } from "../core/columns/Projection.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import { printName } from "../core/slot/text/PrintedName.ts"
import { printInSql, printTable, quoteIdentifier, type TableName } from "../core/source/SourceTable.ts"
import { lakeColumns } from "../lake/LakeColumns.ts"
import { newestObject } from "../lake/NewestObject.ts"

/** True if new columns of the table are dropped. */
export const dropsNewColumns = (projection: Projection | undefined): projection is Projection =>
  projection?.rules.onNewColumn === "exclude"

/** Returns the columns that the lake has, if new ones are dropped and if it has some; and those that were masked. */
export const knownColumns = Effect.fn("NewColumns.knownColumns")(function* (
  layout: LakeFolders,
  dataset: string,
  projection: Projection | undefined,
  watermark: Option.Option<Watermark>,
) {
  const masked = columnsOfMasked(Option.getOrUndefined(watermark)?.masked.get(dataset))
  if (!dropsNewColumns(projection)) return { inLake: undefined, masked } satisfies KnownColumns
  const newest = yield* newestObject("inc", layout, dataset, Option.none())
  const key = Option.map(newest, ({ object }) => object.key)
  const inLake = Option.getOrUndefined(yield* lakeColumns(layout, dataset, key))
  const known: KnownColumns = { inLake, masked }
  return known
})

/** Returns what is told of each column that was masked under another name: problem and advice, without full stops. */
export const renamedNotices = (table: TableName, projection: Projection | undefined) =>
  [...(projection?.renamed ?? [])].map(([name, earlier]) => ({
    problem: `the column ${quoteIdentifier(name)} was masked as ${quoteIdentifier(earlier)}, and is left out under its new name`,
    advice: `Write ${printInSql(table)}.${printName(name)} in COLUMNS_EXCLUDE or COLUMNS_HASH beside the entry of the old name, send SIGHUP to \`cdc\` or restart it, and run \`node dist/main.js full\``,
  }))

/** Returns a sentence for people for each reason why columns are left out that no entry names. */
export const leftOutNotices = (
  table: TableName,
  projection: Projection | undefined,
): ReadonlyArray<string> => {
  const ofNew = newColumnsNotice(table, projection)
  return [
    ...renamedNotices(table, projection).map(
      ({ problem, advice }) => `Table ${printTable(table)}: ${problem}. ${advice}`,
    ),
    ...(ofNew === undefined ? [] : [ofNew]),
  ]
}

const newColumnsNotice = (table: TableName, projection: Projection | undefined): string | undefined => {
  const columns = [...(projection?.newColumns ?? [])]
  if (columns.length === 0) return undefined
  const list = columns.map(quoteIdentifier).join(", ")
  return `Table ${printTable(table)}: ON_NEW_COLUMN=exclude leaves out ${list}, because the lake does not have ${columns.length === 1 ? "it" : "them"} yet. To admit new columns set ON_NEW_COLUMN=include, restart \`cdc\`, and run \`node dist/main.js full\``
}
