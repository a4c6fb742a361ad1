/** Checks that `verify` can compare this lake with this source at all. */
import { Effect, Option, Result } from "effect"
import { decideStart } from "../../cdc/start/StartDecision.ts"
import { isCopyOf, type Manifest } from "../../core/lake/Manifest.ts"
import { printTable, type SourceTable } from "../../core/source/SourceTable.ts"
import { WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import { Refusal } from "../../services/Refusal.ts"
import { ChangeSource, type ChangeVisit } from "../../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import type { SourceIdentity } from "../../services/source/SourceTables.ts"

/**
 * Checks that lake, slot and source belong together. Returns `doubt` if the slot is gone or was moved by another reader: the
 * comparison goes on and reports which changes were lost. Fails with a `Refusal` if the lake is of another source.
 */
export const checkLakeAndSlot = Effect.fnUntraced(function* (visit: ChangeVisit) {
  const { name } = yield* ReplicationSlot
  // Reads the watermark between two reads of the state: after the first slot and before the second flushed position.
  const { slot } = yield* visit.readState
  const watermark = yield* Effect.flatMap(WatermarkStore, (store) => store.read)
  const { flushed } = yield* visit.readState
  const facts = { slotName: name, source: visit.source, view: { slot, flushed }, watermark }
  const start = decideStart(facts)
  const slotBegin = Option.map(slot, ({ confirmed }) => confirmed)
  if (Result.isSuccess(start))
    return { watermark, slotBegin, flushed, doubt: Option.none<Refusal | SourceError>() }
  const { failure } = start
  if (failure.reason === "ForeignWatermark" || failure.reason === "SourceBehind") return yield* failure
  return { watermark, slotBegin, flushed, doubt: Option.some(failure) }
})

/** Refuses a `full` of another server or database: transaction ids do not compare across servers. */
export const checkCopySource = ({ table }: SourceTable, source: SourceIdentity, manifest: Manifest) =>
  isCopyOf(manifest, source)
    ? Effect.void
    : new Refusal({
        reason: "ForeignWatermark",
        problem: `${manifest.object} is a copy of ${manifest.table} in the database "${manifest.database}" of server ${manifest.system_identifier}, and ${printTable(table)} is in "${source.database}" of ${source.systemIdentifier}`,
        risk: "Which changes the copy contains is not known here",
        remedy:
          "Point the program at the source that this lake is of, or choose another LAKE_URL for this one",
      })

/**
 * Refuses early what would be refused after the tables were copied, which may take hours. Returns the identity of the source.
 */
export const checkBeforeCopying = Effect.gen(function* () {
  const { visit } = yield* ChangeSource
  const here = yield* visit
  yield* checkLakeAndSlot(here)
  return here.source
}).pipe(Effect.scoped, Effect.withSpan("LakeAndSlot.checkBeforeCopying"))
