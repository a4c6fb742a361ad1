/** What `full` must know before it copies: where the copies go, and what they would lack. */
import { Effect, Option } from "effect"
import type { SourceTable } from "../core/source/SourceTable.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import { Settings } from "../settings/Settings.ts"
import { checkLakeOwner } from "./LakeOwner.ts"

/** Where the copies go, and which tables are there to be copied. Fails where the lake is of another source. */
export const copyTarget = Effect.fnUntraced(function* (
  configured: ReadonlyArray<SourceTable>,
  isNewSource: boolean,
) {
  const { layout: wanted } = yield* Settings
  const { read } = yield* WatermarkStore
  const watermark = yield* read
  const layout = yield* lakeLayout(configured, wanted, watermark)
  return { layout, ...(yield* checkLakeOwner(configured, layout, watermark, isNewSource)) }
})

/** Changes made before the slot exists are in no `inc`: whoever wants both begins with the slot. */
export const warnWithoutSlot = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  if (Option.isSome(yield* slot.state)) return
  yield* Effect.logWarning(
    `The slot "${slot.name}" does not exist: changes made from now until it does will be in neither full nor inc. ` +
      "Run `node dist/main.js init` first, then `full`.",
  )
})
