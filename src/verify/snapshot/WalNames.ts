/** The names under which the WAL may hold the rows of each table: that of a renamed one before, too. */
import { Effect, Option, Result } from "effect"
import { askedRelations } from "../../cdc/tables/TablePlan.ts"
import { planTables } from "../../cdc/tables/TablePlanning.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable, TableName } from "../../core/source/SourceTable.ts"
import type { SlotVisit } from "../../services/source/ReplicationSlot.ts"

export interface NamedTable {
  readonly source: SourceTable
  readonly names: ReadonlyArray<TableName>
}

/** Asks the catalog once. A table that `cdc` would refuse has its own name alone: its comparison says what is wrong. */
export const walNames = Effect.fn("WalNames.walNames")(function* (
  visit: Pick<SlotVisit, "relations">,
  watermark: Option.Option<Watermark>,
  tables: ReadonlyArray<SourceTable>,
) {
  const ownName = (source: SourceTable): NamedTable => ({ source, names: [source.table] })
  if (Option.isNone(watermark)) return tables.map(ownName)
  const lines = watermark.value
  const datasets = new Set(tables.map(({ dataset }) => dataset))
  const plan = planTables({
    configured: tables,
    lines,
    position: lines.position,
    followed: datasets,
    withObjects: datasets,
    catalog: yield* visit.relations(askedRelations(tables, lines)),
    isRunning: false,
    isCaughtUp: true,
  })
  if (Result.isFailure(plan)) return tables.map(ownName)
  const { before } = plan.success
  return tables.map((source): NamedTable => {
    const found = before.find(({ dataset }) => dataset === source.dataset)
    return found === undefined ? ownName(source) : { source, names: found.names }
  })
})
