/**
 * The names under which the WAL may hold the rows of each table: its own and, if it was renamed, the earlier one. Also the
 * tables whose rows the WAL may hold under an unknown name.
 */
import { Effect, Option, Result } from "effect"
import { planEach, tableNow } from "../../cdc/tables/PlannedTable.ts"
import { startFacts } from "../../cdc/tables/StartTables.ts"
import { withoutForeignNames } from "../../cdc/tables/TablePlanning.ts"
import { type UncertainTable, uncertainTables } from "../../cdc/unknown/UncertainTables.ts"
import type * as Lsn from "../../core/Lsn.ts"
import type { TableNow } from "../../core/lake/DatasetState.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import { type SourceTable, sameTable, type TableName } from "../../core/source/SourceTable.ts"
import type { ChangeVisit } from "../../services/source/ChangeSource.ts"

export interface NamedTable {
  readonly source: SourceTable
  readonly names: ReadonlyArray<TableName>
  /** Undefined if it is not partitioned. */
  readonly leaves: ReadonlyArray<TableName> | undefined
}

export interface WalNames {
  readonly tables: ReadonlyArray<NamedTable>
  readonly unsure: ReadonlyArray<UncertainTable>
  /** By dataset, what the next batch of `cdc` decides about its table. */
  readonly tablesNow: ReadonlyMap<string, TableNow>
}

/** Queries the catalog once. A table that `cdc` would refuse has only its own name: its comparison reports the problem. */
export const walNames = Effect.fn("WalNames.walNames")(function* (
  visit: Pick<ChangeVisit, "relations">,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  tables: ReadonlyArray<SourceTable>,
  flushed: Lsn.Lsn,
) {
  const ownName = (source: SourceTable): NamedTable => ({ source, names: [source.table], leaves: undefined })
  const tablesNow = new Map<string, TableNow>()
  if (Option.isNone(watermark)) {
    const relations = yield* visit.relations({ tables: tables.map(({ table }) => table), oids: [] })
    const named = tables.map((source): NamedTable => {
      const tree = relations.find(({ table }) => sameTable(table, source.table))?.tree
      return { ...ownName(source), leaves: tree?.leaves.map(({ table }) => table) }
    })
    return { tables: named, unsure: [], tablesNow } satisfies WalNames
  }
  const { position } = watermark.value
  const decided = planEach(yield* startFacts(visit, tables, layout, watermark, position, flushed))
  const planned = decided.flatMap((one) => (Result.isSuccess(one.planned) ? [one.planned.success] : []))
  for (const one of decided) tablesNow.set(one.source.dataset, tableNow(one))
  const before = withoutForeignNames(planned.flatMap((one) => Option.toArray(one.before)))
  const named = tables.map((source): NamedTable => {
    const found = before.find(({ dataset }) => dataset === source.dataset)
    if (found === undefined) return ownName(source)
    return { source, names: [...found.names, ...(found.tree?.branches ?? [])], leaves: found.leaves }
  })
  return { tables: named, unsure: uncertainTables(watermark.value, before), tablesNow } satisfies WalNames
})
