/** Keeps tables out of the lake that would lose their mask through another name: a rename, a detached partition and the like. */
import type { ColumnEntry } from "../core/columns/ColumnEntry.ts"
import { type LostMask, MaskMemory } from "../core/columns/MaskedTable.ts"
import type { ColumnRules } from "../core/columns/Projection.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { printInSql, printTable, type TableName } from "../core/source/SourceTable.ts"
import type { PartitionTree } from "../core/tables/PartitionTree.ts"
import type { CatalogTable } from "../core/tables/PatternMatches.ts"
import type { NameProblem, TableSelection } from "../core/tables/TableSelection.ts"
import { Refusal } from "../services/Refusal.ts"

/** What a watermark says of masked tables. One of an older version names the present tables only. */
export type MaskLines = Pick<Watermark, "tables"> & Partial<Pick<Watermark, "masks" | "masked">>

export const maskMemory = (rules: ColumnRules, { tables, masks, masked }: MaskLines): MaskMemory =>
  new MaskMemory(rules, [
    ...(masked?.values() ?? []),
    ...[...(masks?.keys() ?? [])].flatMap((dataset) => {
      const known = tables.get(dataset)
      return known === undefined || masked?.has(dataset)
        ? []
        : [{ names: [known.name], oids: [known.oid], oid: known.oid, columns: {} }]
    }),
  ])

/** The column of an entry, as the setting has it. */
const columnText = ({ text }: ColumnEntry): string => /(?:"(?:[^"]|"")*"|[^."])+$/.exec(text)?.[0] ?? text

/** Returns the entries to write for the table: `db_loja.cliente.cpf in COLUMNS_HASH`. */
export const entriesFor = (
  { excluded }: ColumnRules,
  table: TableName,
  entries: ReadonlyArray<ColumnEntry>,
): string => {
  const printed = (all: ReadonlyArray<ColumnEntry>, setting: string) =>
    all.length === 0
      ? []
      : [`${all.map((one) => `${printInSql(table)}.${columnText(one)}`).join(",")} in ${setting}`]
  return [
    ...printed(
      entries.filter((one) => excluded.includes(one)),
      "COLUMNS_EXCLUDE",
    ),
    ...printed(
      entries.filter((one) => !excluded.includes(one)),
      "COLUMNS_HASH",
    ),
  ].join(" and ")
}

/** Both without the full stop. */
const lostProblem = (rules: ColumnRules, table: TableName, { from, entries }: LostMask): NameProblem => ({
  problem: `its rows were masked by ${entries.map(({ text }) => text).join(", ")} as those of ${printTable(from)}, and would come in clear under this name`,
  advice: `Write ${entriesFor(rules, table, entries)}, or patterns such as *.${entries[0] === undefined ? "cpf" : columnText(entries[0])}`,
})

/** The refusal for a named table. */
export const maskLost = (rules: ColumnRules, table: TableName, lost: LostMask): Refusal => {
  const { problem, advice } = lostProblem(rules, table, lost)
  return new Refusal({
    reason: "MaskLost",
    problem: `SOURCE_TABLES names ${printTable(table)}: ${problem}`,
    risk: "Personal data would be in the lake",
    remedy: `${advice}. To lift the mask take the old entry out`,
  })
}

/** Returns the OIDs of a table and its leaves. */
export const oidsWithin = (oid: number, tree: PartitionTree | undefined): ReadonlyArray<number> => [
  oid,
  ...(tree?.leaves.map((leaf) => leaf.oid) ?? []),
]

/** Makes tables unusable that a pattern matches and that would lose their mask. */
export const withKeptMasks = (
  selection: TableSelection,
  catalog: ReadonlyArray<CatalogTable & { readonly tree?: PartitionTree | undefined }>,
  lines: MaskLines,
  rules: ColumnRules,
): TableSelection => {
  const memory = maskMemory(rules, lines)
  const byName = new Map(catalog.map((one) => [printTable(one.table), one]))
  const judged = selection.matched.map((match) => {
    const found = byName.get(printTable(match.table))
    const lost = found && memory.lost(oidsWithin(found.oid, found.tree), [match.table])
    return { match, lost }
  })
  return {
    ...selection,
    matched: judged.flatMap(({ match, lost }) => (lost === undefined ? [match] : [])),
    unusable: [
      ...selection.unusable,
      ...judged.flatMap(({ match: { table }, lost }) => {
        if (lost === undefined) return []
        const { problem, advice } = lostProblem(rules, table, lost)
        return [{ table, problem, advice: `${advice}, or leave the table out: !${printTable(table)}` }]
      }),
    ],
  }
}
