/** The tables of the catalog that the patterns of `SOURCE_TABLES` match. */
import type { Option } from "effect"
import { printTable, type SourceTable, sameTable, type TableName } from "../source/SourceTable.ts"
import {
  datasetOf,
  matchesTable,
  namedTables,
  type PatternEntry,
  patternEntries,
  type TableEntry,
} from "./TableEntry.ts"

/** A relation of the catalog. */
export interface CatalogTable {
  readonly table: TableName
  readonly oid: number
  /** The partitioned tables that it is a partition of, from the nearest to the root. */
  readonly ancestors: ReadonlyArray<TableName>
  /** True for an ordinary or partitioned table of a user: others are followed by their names only. */
  readonly isMatchable: boolean
  /** The columns of its primary key and of its replica identity's index. */
  readonly keys: ReadonlyArray<string>
  /** Why the WAL holds no changes under its name; none if `cdc` can follow it. */
  readonly notFollowed: Option.Option<string>
}

/** The dataset's table, where the lake has one already. */
export type OwnerOf = (dataset: string) => Pick<CatalogTable, "table" | "oid"> | undefined

/** A table, the pattern that it is followed by, and the dataset that this gives to it, which may be no name of a dataset. */
export interface PatternMatch extends SourceTable {
  readonly oid: number
  readonly entry: PatternEntry
  readonly keys: ReadonlyArray<string>
  readonly notFollowed: Option.Option<string>
}

/** The dataset of a named table goes on with the table that it knows, when no table has the name any more. */
const renamedOids = (
  named: ReadonlyArray<SourceTable>,
  present: ReadonlySet<string>,
  ownerOf: OwnerOf,
): ReadonlySet<number> =>
  new Set(
    named
      .filter(({ table }) => !present.has(printTable(table)))
      .flatMap(({ dataset }) => ownerOf(dataset)?.oid ?? []),
  )

/** Returns the first pattern that matches the table; undefined if it is named, or left out. */
export const patternOf = (entries: ReadonlyArray<TableEntry>, table: TableName): PatternEntry | undefined => {
  const isOther = entries.some(
    (one) =>
      (one._tag === "Named" && sameTable(one.table, table)) ||
      (one._tag === "Exclusion" && matchesTable(one.pattern, table)),
  )
  return isOther ? undefined : patternEntries(entries).find(({ pattern }) => matchesTable(pattern, table))
}

/**
 * Returns one for each table, by schema and name, with the first pattern that matches it. A partition has none if its root is
 * followed: its rows are in the dataset of the root.
 */
export const matchesOf = (
  entries: ReadonlyArray<TableEntry>,
  catalog: ReadonlyArray<CatalogTable>,
  ownerOf: OwnerOf,
): ReadonlyArray<PatternMatch> => {
  const named = new Set(namedTables(entries).map(({ table }) => printTable(table)))
  const others = entries.filter((one) => one._tag !== "Named")
  const entryOf = (table: TableName) => (named.has(printTable(table)) ? undefined : patternOf(others, table))
  const present = new Map(catalog.map((one) => [printTable(one.table), one]))
  const renamed = renamedOids(namedTables(entries), new Set(present.keys()), ownerOf)
  const isFollowed = (table: TableName) => {
    const text = printTable(table)
    return named.has(text) || renamed.has(present.get(text)?.oid ?? 0) || entryOf(table) !== undefined
  }
  return [...present]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, { table, oid, ancestors, isMatchable, keys, notFollowed }]) => {
      const entry = isMatchable && !renamed.has(oid) ? entryOf(table) : undefined
      if (entry === undefined || ancestors.some(isFollowed)) return []
      return [{ table, oid, dataset: datasetOf(entry.dataset, table), entry, keys, notFollowed }]
    })
}
