/**
 * The entries of `SOURCE_TABLES`: tables by name, patterns, and `!` before what no pattern may match. Which tables the
 * patterns stand for is known by the catalog alone (`TableSelection.ts`).
 */
import type { SourceTable, TableName } from "../source/SourceTable.ts"
import { matchesName, type NamePattern } from "./NamePattern.ts"

export interface TablePattern {
  readonly schema: NamePattern
  readonly name: NamePattern
  /** As it stands in the setting: for messages. */
  readonly text: string
}

export interface NamedEntry extends SourceTable {
  readonly _tag: "Named"
}

export interface PatternEntry {
  readonly _tag: "Pattern"
  readonly pattern: TablePattern
  /** Names the dataset of each table that matches: `{schema}` and `{table}` stand for the table's names. */
  readonly dataset: string
}

export interface ExclusionEntry {
  readonly _tag: "Exclusion"
  readonly pattern: TablePattern
}

export type TableEntry = NamedEntry | PatternEntry | ExclusionEntry

/** The tables that are named, in their order. */
export const namedTables = (entries: ReadonlyArray<TableEntry>): ReadonlyArray<SourceTable> =>
  entries.flatMap((one) => (one._tag === "Named" ? [{ table: one.table, dataset: one.dataset }] : []))

export const patternEntries = (entries: ReadonlyArray<TableEntry>): ReadonlyArray<PatternEntry> =>
  entries.filter((one) => one._tag === "Pattern")

export const matchesTable = ({ schema, name }: TablePattern, table: TableName): boolean =>
  matchesName(schema, table.schema) && matchesName(name, table.name)

const datasetName = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/

export const isDatasetName = (dataset: string): boolean => datasetName.test(dataset)

/** What a template has for the table's names. */
export const placeholder = /\{(schema|table)\}/g

/** The dataset that a pattern's template gives to a table. It may be no name of a dataset. */
export const datasetOf = (template: string, { schema, name }: TableName): string =>
  template.replace(placeholder, (_, part: string) => (part === "schema" ? schema : name))
