/** The checks of `full` before it copies. */
import { Effect, Option } from "effect"
import { slotGone } from "../cdc/start/StartDecision.ts"
import { datasetProjection } from "../columns/DatasetProjection.ts"
import { knownColumns } from "../columns/NewColumns.ts"
import type { KnownColumns } from "../core/columns/Projection.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import { Settings } from "../settings/Settings.ts"
import { checkLakeOwner } from "./LakeOwner.ts"

/** Returns the lake's layout and watermark, the tables to copy, and the columns that the lake has of them. Fails with `ForeignWatermark` if the lake is of another source. */
export const copyTarget = Effect.fnUntraced(function* (
  configured: ReadonlyArray<SourceTable>,
  isNewSource: boolean,
) {
  const { layout: wanted, columns } = yield* Settings
  const { read } = yield* WatermarkStore
  const watermark = yield* read
  const layout = yield* lakeLayout(configured, wanted, watermark)
  const copied = yield* checkLakeOwner(configured, layout, watermark, isNewSource)
  const known = new Map<string, KnownColumns>()
  for (const { dataset, table } of copied.tables) {
    const projection = datasetProjection(columns, configured, dataset, [table])
    known.set(dataset, yield* knownColumns(layout, dataset, projection))
  }
  return { layout, watermark, known, ...copied }
})

/**
 * Warns if the slot does not exist: changes made before it exists are in no `inc`. `init` creates it for a new lake. It refuses
 * to do so for a lake that `cdc` has written, and the advice is then the one that `cdc` gives.
 */
export const warnWithoutSlot = Effect.fnUntraced(function* (watermark: Option.Option<Watermark>) {
  const slot = yield* ReplicationSlot
  if (Option.isSome(yield* slot.state)) return
  const gone = slotGone({ slotName: slot.name, watermark })
  yield* Effect.logWarning(
    gone._tag === "Refusal"
      ? gone.explanation
      : `The slot "${slot.name}" does not exist: changes made before it exists will be in neither full nor inc. ` +
          "Run `node dist/main.js init` first, then `full`.",
  )
})
