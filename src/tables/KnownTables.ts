/** The tables that the watermark names, and what to ask the catalog about them and those of SOURCE_TABLES. */
import { Option } from "effect"
import type { Watermark } from "../core/lake/Watermark.ts"
import { parseTable, type SourceTable } from "../core/source/SourceTable.ts"
import type { Relation, RelationPattern, RelationsAsked } from "../services/source/SourceTables.ts"

/** Returns the table that the watermark names for a dataset. */
export const knownIn = (
  { tables }: Pick<Watermark, "tables">,
  dataset: string,
): Option.Option<Pick<Relation, "table" | "oid">> =>
  Option.flatMap(Option.fromUndefinedOr(tables.get(dataset)), (known) =>
    Option.map(parseTable(known.name), (table) => ({ table, oid: known.oid })),
  )

/** Returns the query for the configured tables and the known ones, these by name and by OID, and for matches of `patterns`. */
export const askedRelations = (
  configured: ReadonlyArray<SourceTable>,
  lake: Pick<Watermark, "tables">,
  patterns: ReadonlyArray<RelationPattern> = [],
): RelationsAsked => {
  const known = [...lake.tables.keys()].flatMap((dataset) => Option.toArray(knownIn(lake, dataset)))
  return {
    tables: [...configured, ...known].map(({ table }) => table),
    oids: known.map(({ oid }) => oid),
    patterns,
  }
}
