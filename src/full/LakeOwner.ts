/** Whether the lake is of this source, and each dataset of its table: asked by `full` before it writes anything. */
import { Effect, Option, Result } from "effect"
import { checkOwner } from "../cdc/start/StartDecision.ts"
import { askedRelations } from "../cdc/tables/TablePlan.ts"
import { planTables } from "../cdc/tables/TablePlanning.ts"
import { isCopyOf, type Manifest } from "../core/lake/Manifest.ts"
import type { Layout, Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { newestManifest } from "../lake/NewestManifest.ts"
import { Refusal } from "../services/Refusal.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import type { SourceIdentity } from "../services/source/SourceTables.ts"

const otherSource = (source: SourceIdentity, { dataset, object, ...manifest }: Manifest) =>
  new Refusal({
    reason: "ForeignWatermark",
    found: `The newest copy of "${dataset}" (${object}) is of the database "${manifest.database}" of server ${manifest.system_identifier}, not of "${source.database}" of ${source.systemIdentifier}`,
    stake: "Readers begin with the newest copy: that of another source would take the place of this one's",
    mend: "Point the program at the source that this lake is of, or choose another LAKE_URL. Where the source has moved and no `cdc` has written here: `node dist/main.js full --new-source`",
  })

/**
 * Fails with a refusal where the watermark, or without one the newest manifest, is of another server or database, and where
 * a dataset belongs to another table. `isNewSource` says that the manifests may be of another one.
 */
export const checkLakeOwner = Effect.fn("LakeOwner.checkLakeOwner")(function* (
  tables: ReadonlyArray<SourceTable>,
  layout: Layout,
  watermark: Option.Option<Watermark>,
  isNewSource: boolean,
) {
  const { name, visit } = yield* ReplicationSlot
  const { source, relations } = yield* visit
  if (Option.isNone(watermark)) {
    if (isNewSource) return
    for (const { dataset } of tables) {
      const newest = yield* newestManifest(layout, dataset)
      const foreign = Option.filter(newest, (manifest) => !isCopyOf(manifest, source))
      if (Option.isSome(foreign)) return yield* otherSource(source, foreign.value)
    }
    return
  }
  yield* Effect.fromResult(checkOwner({ slotName: name, source, watermark }))
  const plan = planTables({
    configured: tables,
    lines: watermark.value,
    position: watermark.value.position,
    followed: new Set(),
    withObjects: new Set(),
    catalog: yield* relations(askedRelations(tables, watermark.value)),
    isRunning: false,
    isCaughtUp: true,
  })
  // The check before the copy reports a table that is missing.
  if (Result.isFailure(plan) && plan.failure instanceof Refusal) return yield* plan.failure
}, Effect.scoped)
