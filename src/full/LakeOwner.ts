/** Checks, before `full` writes, that the lake is of this source, and each dataset of its table. */
import { Effect, Option, Result } from "effect"
import { checkOwner } from "../cdc/start/StartDecision.ts"
import { planEach, type TableDecision } from "../cdc/tables/PlannedTable.ts"
import { startFacts } from "../cdc/tables/StartTables.ts"
import { noticeOf, printNotice } from "../cdc/tables/TableNotice.ts"
import { isCopyOf, type Manifest } from "../core/lake/Manifest.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import { printTable, type SourceTable } from "../core/source/SourceTable.ts"
import { newestManifest } from "../lake/NewestManifest.ts"
import { Refusal } from "../services/Refusal.ts"
import type { SourceView } from "../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import type { SourceIdentity } from "../services/source/SourceTables.ts"

const otherSource = (source: SourceIdentity, { dataset, object, ...manifest }: Manifest) =>
  new Refusal({
    reason: "ForeignWatermark",
    problem: `The newest copy of "${dataset}" (${object}) is of the database "${manifest.database}" of server ${manifest.system_identifier}, not of "${source.database}" of ${source.systemIdentifier}`,
    risk: "Readers begin with the newest copy: a copy of this source would replace that of the other one",
    remedy:
      "Point the program at the source that this lake is of, or choose another LAKE_URL. If the source has moved and no `cdc` has written here: `node dist/main.js full --new-source`",
  })

/** The tables that `full` copies, under their present names. */
export interface CopiedTables {
  readonly tables: ReadonlyArray<SourceTable>
  /** Datasets whose tables no longer exist. */
  readonly dropped: ReadonlySet<string>
}

/**
 * Returns the tables to copy, and warns of renamed ones. Fails with `ForeignWatermark` if the watermark, or without one the
 * newest manifest, is of another server or database; with `OtherTable` if a dataset belongs to another table. With
 * `isNewSource` the manifests may be of another source.
 */
export const checkLakeOwner = Effect.fn("LakeOwner.checkLakeOwner")(function* (
  session: SourceView,
  tables: ReadonlyArray<SourceTable>,
  layout: LakeFolders,
  watermark: Option.Option<Watermark>,
  isNewSource: boolean,
) {
  const { name } = yield* ReplicationSlot
  const { source } = session
  const unchanged: CopiedTables = { tables, dropped: new Set() }
  if (Option.isNone(watermark)) {
    if (isNewSource) return unchanged
    for (const { dataset } of tables) {
      const newest = yield* newestManifest(layout, dataset)
      const foreign = Option.filter(newest, (manifest) => !isCopyOf(manifest, source))
      if (Option.isSome(foreign)) return yield* otherSource(source, foreign.value)
    }
    return unchanged
  }
  yield* Effect.fromResult(checkOwner({ slotName: name, source, watermark }))
  const { position } = watermark.value
  const decisions = planEach(yield* startFacts(session, tables, layout, watermark, position, position))
  return yield* copiedTables(decisions)
})

const otherMask = ({ dataset, table }: SourceTable): string =>
  `\`cdc\` has not begun with these settings of columns for ${printTable(table)}: its changes of "${dataset}" do not fit this copy. Restart \`cdc\` with the same COLUMNS_EXCLUDE, COLUMNS_HASH, COLUMNS_HASH_KEY and ON_NEW_COLUMN, then run \`node dist/main.js full\` again`

const copiedTables = Effect.fnUntraced(function* (decisions: ReadonlyArray<TableDecision>) {
  const tables: Array<SourceTable> = []
  const dropped = new Set<string>()
  for (const { source, planned } of decisions) {
    // The check before the copy reports a table that is missing.
    if (Result.isFailure(planned)) {
      if (planned.failure instanceof Refusal) return yield* planned.failure
      tables.push(source)
      continue
    }
    const { kind, after, reason } = planned.success
    if (kind._tag === "Dropped") dropped.add(source.dataset)
    if (kind._tag === "Renamed") {
      const notice = noticeOf(planned.success, "now")
      if (notice !== undefined) yield* Effect.logWarning(printNotice(notice))
    }
    if (reason === "masked") yield* Effect.logWarning(otherMask(source))
    tables.push({ dataset: source.dataset, table: after.table })
  }
  return { tables, dropped } satisfies CopiedTables
})
