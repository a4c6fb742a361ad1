/** Which tables the entries of `SOURCE_TABLES` stand for, as the catalog is now. */
import { Option } from "effect"
import {
  printTable,
  quoteIdentifier,
  type SourceTable,
  sameTable,
  type TableName,
} from "../source/SourceTable.ts"
import { type CatalogTable, matchesOf, type OwnerOf, type PatternMatch } from "./PatternMatches.ts"
import { isDatasetName, namedTables, type TableEntry } from "./TableEntry.ts"

/** A table that a pattern matches, and that cannot be followed under the name that the pattern gives it. */
export interface UnusableTable extends NameProblem {
  readonly table: TableName
}

/** Both without the full stop. */
export interface NameProblem {
  readonly problem: string
  readonly advice: string
}

/** A table that a pattern stands for. */
export interface MatchedTable extends SourceTable {
  readonly pattern: string
}

export interface TableSelection {
  /** In the order of the setting. */
  readonly named: ReadonlyArray<SourceTable>
  /** Of each pattern, by schema and name. */
  readonly matched: ReadonlyArray<MatchedTable>
  readonly unusable: ReadonlyArray<UnusableTable>
  /** Patterns that match no table, as they stand in the setting. */
  readonly unmatched: ReadonlyArray<string>
}

/** The tables to follow: named ones first. */
export const tablesIn = ({ named, matched }: TableSelection): ReadonlyArray<SourceTable> => [
  ...named,
  ...matched,
]

/** Returns those key columns of a table that the lake is not to have. */
export type DroppedKeysOf = (table: Pick<CatalogTable, "table" | "keys">) => ReadonlyArray<string>

/** `Name it with a dataset of its own in SOURCE_TABLES, …, or leave it out: …` */
const nameAdvice = (table: TableName): string =>
  `Name it with a dataset of its own in SOURCE_TABLES, ${printTable(table)}=…, or leave it out: !${printTable(table)}`

const leaveOut = (table: TableName): string => `Leave it out: !${printTable(table)}`

/** Partitioned tables with a partition that is named by itself, and the partition. */
const namedPartitions = (named: ReadonlyArray<SourceTable>, catalog: ReadonlyArray<CatalogTable>) => {
  const names = new Set(named.map(({ table }) => printTable(table)))
  return new Map(
    catalog
      .filter(({ table }) => names.has(printTable(table)))
      .flatMap(({ table, ancestors }) => ancestors.map((root) => [printTable(root), table] as const)),
  )
}

/**
 * Never fails: a table that comes must not stop the others. What cannot be followed is `unusable`; of tables that would share a
 * dataset the one stays that the lake knows under it, or that is named.
 */
export const selectTables = (
  entries: ReadonlyArray<TableEntry>,
  catalog: ReadonlyArray<CatalogTable>,
  ownerOf: OwnerOf = () => undefined,
  droppedKeysOf: DroppedKeysOf = () => [],
): TableSelection => {
  const named = namedTables(entries)
  const matches = matchesOf(entries, catalog, ownerOf)
  const claims = new Map<string, Array<SourceTable>>()
  for (const one of [...named, ...matches]) {
    const claimants = claims.get(one.dataset)
    if (claimants === undefined) claims.set(one.dataset, [one])
    else claimants.push(one)
  }
  const partitions = namedPartitions(named, catalog)

  /** Why the table cannot be followed. */
  const problemOf = ({ table, oid, dataset, keys, notFollowed }: PatternMatch): NameProblem | undefined => {
    const advice = nameAdvice(table)
    if (!isDatasetName(dataset)) {
      return {
        problem: `"${dataset}" is no name of a dataset, which has only letters, digits, "_" and "-"`,
        advice,
      }
    }
    const leaf = partitions.get(printTable(table))
    if (leaf !== undefined) {
      return {
        problem: `its partition ${printTable(leaf)} is named by itself, and each row belongs to one dataset`,
        advice: `Take that name out, or leave the partitioned table out: !${printTable(table)}`,
      }
    }
    if (Option.isSome(notFollowed)) return { problem: notFollowed.value, advice: leaveOut(table) }
    const others = (claims.get(dataset) ?? []).filter((one) => !sameTable(one.table, table))
    const isNamed = others.some((other) => named.includes(other))
    const owner = ownerOf(dataset)
    const isOwner = owner !== undefined && (owner.oid === oid || sameTable(owner.table, table))
    if (owner !== undefined && !isOwner && !isNamed) {
      return {
        problem: `the dataset "${dataset}" of this lake belongs to ${printTable(owner.table)} (OID ${owner.oid})`,
        advice,
      }
    }
    const dropped = isOwner ? [] : droppedKeysOf({ table, keys })
    if (dropped.length > 0) {
      return {
        problem: `COLUMNS_EXCLUDE names ${dropped.map(quoteIdentifier).join(", ")} of its key, and its changes would not say which row they are about`,
        advice: `Take the column out of COLUMNS_EXCLUDE, or leave the table out: !${printTable(table)}`,
      }
    }
    if (others.length === 0 || (isOwner && !isNamed)) return undefined
    const tables = others.map((one) => printTable(one.table)).join(", ")
    return { problem: `the dataset "${dataset}" is that of ${tables} too`, advice }
  }

  const judged = matches.map((match) => ({ match, found: problemOf(match) }))
  const matchedBy = new Set(matches.map(({ entry }) => entry))
  return {
    named,
    matched: entries.flatMap((entry) =>
      entry._tag !== "Pattern"
        ? []
        : judged
            .filter(({ match, found }) => match.entry === entry && found === undefined)
            .map(({ match: { table, dataset } }) => ({ table, dataset, pattern: entry.pattern.text })),
    ),
    unusable: judged.flatMap(({ match: { table }, found }) =>
      found === undefined ? [] : [{ table, ...found }],
    ),
    unmatched: entries.flatMap((entry) =>
      entry._tag === "Pattern" && !matchedBy.has(entry) ? [entry.pattern.text] : [],
    ),
  }
}
