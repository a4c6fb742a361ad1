/** Which tables the entries of `SOURCE_TABLES` stand for, as the catalog is now. */
import { printTable, type SourceTable, sameTable, type TableName } from "../source/SourceTable.ts"
import { datasetOf, isDatasetName, matchesTable, type PatternEntry, type TableEntry } from "./TableEntry.ts"

/** An ordinary or partitioned table of the catalog. */
export interface CatalogTable {
  readonly table: TableName
  /** The partitioned tables that it is a partition of, from the nearest to the root. */
  readonly ancestors: ReadonlyArray<TableName>
}

/** A table that a pattern matches, and that cannot be followed under the name that the pattern gives it. */
export interface UnusableTable {
  readonly table: TableName
  /** What is wrong, and what to do. */
  readonly why: string
}

export interface TableSelection {
  /** Named tables in their order, then the matches of each pattern, by schema and name. */
  readonly tables: ReadonlyArray<SourceTable>
  readonly unusable: ReadonlyArray<UnusableTable>
  /** Patterns that match no table, as they stand in the setting. */
  readonly unmatched: ReadonlyArray<string>
}

/** The dataset's table, where the lake has one already. */
export type OwnerOf = (dataset: string) => TableName | undefined

const byName = (a: CatalogTable, b: CatalogTable): number => {
  const [one, other] = [printTable(a.table), printTable(b.table)]
  return one < other ? -1 : one > other ? 1 : 0
}

interface Match extends SourceTable {
  readonly entry: PatternEntry
}

const hasPart = (one: TableName, tables: ReadonlyArray<TableName>) => tables.some((t) => sameTable(t, one))

/** One for each table, by the first pattern that matches it. */
const matchesOf = (entries: ReadonlyArray<TableEntry>, catalog: ReadonlyArray<CatalogTable>) => {
  const named = new Set(entries.flatMap((one) => (one._tag === "Named" ? [printTable(one.table)] : [])))
  const exclusions = entries.filter((one) => one._tag === "Exclusion")
  const patterns = entries.filter((one) => one._tag === "Pattern")
  const isOut = (table: TableName) => exclusions.some(({ pattern }) => matchesTable(pattern, table))
  const entryOf = (table: TableName) =>
    named.has(printTable(table)) || isOut(table)
      ? undefined
      : patterns.find(({ pattern }) => matchesTable(pattern, table))
  const isFollowed = (table: TableName) => named.has(printTable(table)) || entryOf(table) !== undefined
  return [...catalog].sort(byName).flatMap(({ table, ancestors }): ReadonlyArray<Match> => {
    const entry = entryOf(table)
    // The rows of a partition are in the dataset of its root.
    if (entry === undefined || ancestors.some(isFollowed)) return []
    return [{ table, dataset: datasetOf(entry.dataset, table), entry }]
  })
}

const nameAdvice = ({ table }: SourceTable): string =>
  `Name it with a dataset of its own in SOURCE_TABLES, ${printTable(table)}=…, or leave it out: !${printTable(table)}`

/**
 * Never fails: a table that comes must not stop the others. What cannot be followed is `unusable`; of tables that would share a
 * dataset the one stays that the lake knows under it, or that is named.
 */
export const selectTables = (
  entries: ReadonlyArray<TableEntry>,
  catalog: ReadonlyArray<CatalogTable>,
  ownerOf: OwnerOf = () => undefined,
): TableSelection => {
  const named = entries.flatMap(
    (one): ReadonlyArray<SourceTable> =>
      one._tag === "Named" ? [{ table: one.table, dataset: one.dataset }] : [],
  )
  const matches = matchesOf(entries, catalog)
  const claims = new Map<string, Array<SourceTable>>()
  for (const one of [...named, ...matches]) claims.set(one.dataset, [...(claims.get(one.dataset) ?? []), one])
  const namedLeaves = catalog.filter(({ table }) => named.some((one) => sameTable(one.table, table)))

  /** Why the table cannot be followed. */
  const problemOf = (match: Match): string | undefined => {
    const { table, dataset } = match
    if (!isDatasetName(dataset)) {
      return `"${dataset}" is no name of a dataset, which has only letters, digits, "_" and "-". ${nameAdvice(match)}`
    }
    const leaf = namedLeaves.find(({ ancestors }) => hasPart(table, ancestors))
    if (leaf !== undefined) {
      return `its partition ${printTable(leaf.table)} is named by itself, and each row belongs to one dataset. Take that name out, or leave the partitioned table out: !${printTable(table)}`
    }
    const claimants = claims.get(dataset) ?? []
    if (claimants.length < 2) return undefined
    const owner = named.find((one) => one.dataset === dataset)?.table ?? ownerOf(dataset)
    if (owner !== undefined && sameTable(owner, table)) return undefined
    const others = claimants.filter((one) => !sameTable(one.table, table)).map((one) => printTable(one.table))
    return `the dataset "${dataset}" is that of ${others.join(", ")} too. ${nameAdvice(match)}`
  }

  const judged = matches.map((match) => ({ match, why: problemOf(match) }))
  return {
    tables: [
      ...named,
      ...entries.flatMap((entry) =>
        judged
          .filter(({ match, why }) => match.entry === entry && why === undefined)
          .map(({ match: { table, dataset } }) => ({ table, dataset })),
      ),
    ],
    unusable: judged.flatMap(({ match, why }) => (why === undefined ? [] : [{ table: match.table, why }])),
    unmatched: entries.flatMap((entry) =>
      entry._tag === "Pattern" && !matches.some((match) => match.entry === entry) ? [entry.pattern.text] : [],
    ),
  }
}
