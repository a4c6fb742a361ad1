/** The checks of `full` before it copies. */
import { Effect, Option } from "effect"
import { slotGone } from "../cdc/start/StartDecision.ts"
import { datasetProjection } from "../columns/DatasetProjection.ts"
import { knownColumns } from "../columns/NewColumns.ts"
import type { KnownColumns } from "../core/columns/Projection.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { lakeLayout } from "../lake/LakeLayout.ts"
import { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import { ChangeSource } from "../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../services/source/ReplicationSlot.ts"
import { Settings } from "../settings/Settings.ts"
import { configuredTables, unmatchedWarnings } from "../tables/ConfiguredTables.ts"
import { chosenTables } from "./ChosenTables.ts"
import { checkLakeOwner } from "./LakeOwner.ts"

/**
 * Returns the lake's layout and watermark, the tables to copy (all, or those that `only` names), and the columns that the lake
 * has of them. Fails with `ForeignWatermark` if the lake is of another source, and with `TablesRefused`.
 */
export const copyTarget = Effect.fnUntraced(function* (only: Option.Option<string>, isNewSource: boolean) {
  const { layout: wanted, columns, tables: entries } = yield* Settings
  const { read } = yield* WatermarkStore
  const session = yield* Effect.flatMap(ChangeSource, ({ visit }) => visit)
  const watermark = yield* read
  const found = yield* configuredTables(session, watermark)
  const { layout, selection } = yield* lakeLayout(found, wanted, watermark)
  yield* Effect.forEach(unmatchedWarnings(selection), (text) => Effect.logWarning(text), { discard: true })
  const chosen = yield* Effect.fromResult(chosenTables(selection, only))
  const copied = yield* checkLakeOwner(session, chosen, layout, watermark, isNewSource)
  const known = new Map<string, KnownColumns>()
  for (const { dataset, table } of copied.tables) {
    const projection = datasetProjection(columns, entries, dataset, [table])
    known.set(dataset, yield* knownColumns(layout, dataset, projection, watermark))
  }
  return { layout, watermark, known, ...copied }
}, Effect.scoped)

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
