/** The tables of SOURCE_TABLES: named ones, and those of the catalog that its patterns match. */
import { Effect, Option } from "effect"
import { type ColumnRules, isDropped, projectionFor } from "../core/columns/Projection.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { printTable } from "../core/source/SourceTable.ts"
import type { PartitionTree } from "../core/tables/PartitionTree.ts"
import type { CatalogTable } from "../core/tables/PatternMatches.ts"
import { namedTables, patternEntries, type TableEntry } from "../core/tables/TableEntry.ts"
import { selectTables, type TableSelection } from "../core/tables/TableSelection.ts"
import { ChangeSource, type SourceView } from "../services/source/ChangeSource.ts"
import type { RelationPattern } from "../services/source/SourceTables.ts"
import { Settings } from "../settings/Settings.ts"
import { type MaskLines, withKeptMasks } from "./KeptMasks.ts"
import { askedRelations, knownIn } from "./KnownTables.ts"

/** What the entries ask of the catalog; empty if all tables are named. */
export const patternsOf = (entries: ReadonlyArray<TableEntry>): ReadonlyArray<RelationPattern> =>
  patternEntries(entries).map(({ pattern: { schema, name } }) => ({ schema: schema.body, name: name.body }))

/** `catalog` holds what the entries' names and patterns match, `lake` the table of each dataset. */
export const selectConfigured = (
  entries: ReadonlyArray<TableEntry>,
  catalog: ReadonlyArray<CatalogTable & { readonly tree?: PartitionTree | undefined }>,
  lake: MaskLines,
  rules: ColumnRules,
): TableSelection => {
  const selection = selectTables(
    entries,
    catalog,
    (dataset) => Option.getOrUndefined(knownIn(lake, dataset)),
    ({ table, keys }) => {
      const projection = projectionFor(rules, [table])
      return keys.filter((name) => isDropped(projection, name))
    },
  )
  return withKeptMasks(selection, catalog, lake, rules)
}

const emptyLake: MaskLines = { tables: new Map() }

/** Resolves SOURCE_TABLES. Queries the catalog only if there is a pattern. */
export const configuredTables = Effect.fn("ConfiguredTables.configuredTables")(function* (
  { relations }: Pick<SourceView, "relations">,
  watermark: Option.Option<Watermark>,
) {
  const { tables: entries, columns } = yield* Settings
  const patterns = patternsOf(entries)
  const lake = Option.getOrElse(watermark, () => emptyLake)
  const asked = askedRelations(namedTables(entries), lake, patterns)
  return selectConfigured(entries, patterns.length === 0 ? [] : yield* relations(asked), lake, columns)
})

/** As `configuredTables`, on a session that is opened only if there is a pattern. */
export const visitedTables = Effect.fnUntraced(function* (watermark: Option.Option<Watermark>) {
  const { visit } = yield* ChangeSource
  const relations: SourceView["relations"] = (asked) =>
    Effect.scoped(Effect.flatMap(visit, (session) => session.relations(asked)))
  return yield* configuredTables({ relations }, watermark)
})

/** The selection without the catalog: for commands that cannot reach it. */
export const namedSelection = (entries: ReadonlyArray<TableEntry>): TableSelection =>
  selectTables(entries, [])

/** Returns one text per pattern that matches nothing. */
export const unmatchedWarnings = ({ unmatched }: TableSelection): ReadonlyArray<string> =>
  unmatched.map(
    (pattern) =>
      `The pattern ${pattern} in SOURCE_TABLES matches no table. Correct it, if it should match some: capitals need quotes`,
  )

/** Returns one text per table that a pattern matches and nobody follows, and per pattern that matches nothing. */
export const selectionWarnings = (selection: TableSelection): ReadonlyArray<string> => [
  ...selection.unusable.map(
    ({ table, problem, advice }) =>
      `Table ${printTable(table)} matches a pattern and is not followed: ${problem}. ${advice}`,
  ),
  ...unmatchedWarnings(selection),
]
