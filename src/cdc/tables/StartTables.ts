/** Reads the facts for a plan of tables at a start: for `cdc`, and for the commands that predict its start. */

import { Effect, Option } from "effect"
import { maskOf } from "../../columns/DatasetMask.ts"
import { type ColumnRules, projectionFor } from "../../core/columns/Projection.ts"
import type * as Lsn from "../../core/Lsn.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { newestObject } from "../../lake/NewestObject.ts"
import type { SourceView } from "../../services/source/ChangeSource.ts"
import { Settings } from "../../settings/Settings.ts"
import { askedRelations } from "../../tables/KnownTables.ts"
import type { PlanFacts } from "./PlannedTable.ts"
import type { DatasetLines } from "./TablePlan.ts"

/** In a new lake all datasets begin at its first watermark. An older version recorded no tables: it followed what the lake holds. */
const beginning = Effect.fnUntraced(function* (
  configured: ReadonlyArray<SourceTable>,
  rules: ColumnRules,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  position: Lsn.Lsn,
) {
  if (Option.isNone(watermark)) {
    const from = configured.map(({ dataset }) => [dataset, { lsn: position, since: Option.none() }] as const)
    const lines: DatasetLines = {
      tables: new Map(),
      catalog: new Map(),
      from: new Map(from),
      files: new Map(),
      masks: new Map(
        configured.flatMap(({ dataset, table }) => {
          const mask = maskOf(projectionFor(rules, [table]))
          return mask === undefined ? [] : [[dataset, mask] as const]
        }),
      ),
      masked: new Map(),
      leaves: new Map(),
      left: new Map(),
    }
    return {
      lines,
      followed: new Set(configured.map(({ dataset }) => dataset)),
      withObjects: new Set<string>(),
    }
  }
  const { tables, catalog, from, leaves, files, masks, masked, left, objects } = watermark.value
  const isInLake = Effect.fnUntraced(function* ({ dataset }: SourceTable) {
    return (
      objects.has(dataset) ||
      Option.isSome(yield* newestObject("inc", layout, dataset, Option.none())) ||
      Option.isSome(yield* newestObject("full", layout, dataset, Option.none()))
    )
  })
  const isThere = tables.size === 0 ? yield* forEachDataset(configured, isInLake) : []
  const followed = new Set(configured.filter((_, i) => isThere[i]).map(({ dataset }) => dataset))
  return {
    lines: { tables, catalog, from, leaves, files, masks, masked, left },
    followed,
    withObjects: new Set([...objects.keys(), ...followed]),
  }
})

/**
 * Queries the catalog once, and the lake only if the watermark names no tables. OIDs are valid on one server and database
 * only: check first that the watermark is of this one (`checkOwner`). `position` is the start's LSN, `flushed` the flushed LSN.
 */
export const startFacts = Effect.fn("StartTables.startFacts")(function* (
  { relations }: Pick<SourceView, "relations">,
  configured: ReadonlyArray<SourceTable>,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  position: Lsn.Lsn,
  flushed: Lsn.Lsn,
) {
  const { columns: rules } = yield* Settings
  const begun = yield* beginning(configured, rules, layout, watermark, position)
  const facts: PlanFacts = {
    ...begun,
    configured,
    rules,
    position,
    catalog: yield* relations(askedRelations(configured, begun.lines)),
    isRunning: false,
    isCaughtUp: flushed <= position,
  }
  return facts
})
