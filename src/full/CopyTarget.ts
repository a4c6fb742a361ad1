/** The checks of `full` before it copies. */
import { Effect, Option } from "effect"
import { slotGone } from "../cdc/start/StartDecision.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import { Settings } from "../settings/Settings.ts"
import { checkLakeOwner } from "./LakeOwner.ts"

/** Returns the lake's layout and watermark, and the tables to copy. Fails with `ForeignWatermark` if the lake is of another source. */
export const copyTarget = Effect.fnUntraced(function* (
  configured: ReadonlyArray<SourceTable>,
  isNewSource: boolean,
) {
  const { layout: wanted } = yield* Settings
  const { read } = yield* WatermarkStore
  const watermark = yield* read
  const layout = yield* lakeLayout(configured, wanted, watermark)
  return { layout, watermark, ...(yield* checkLakeOwner(configured, layout, watermark, isNewSource)) }
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
