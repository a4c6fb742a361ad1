/** `init`: creates what `full` and `cdc` need. Safe to repeat. */
import { Console, Effect, Option, Result } from "effect"
import { checkOwner, slotGone } from "../../cdc/start/StartDecision.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../services/lake/StoreAdmin.ts"
import { WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import { ChangeSource } from "../../services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"

/**
 * Fails with `ForeignWatermark` if the lake was written from a slot of this name on another server or database, and with
 * `SlotGone` if that slot was dropped: a new one would begin with a gap.
 */
const createSlot = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  if (Option.isSome(yield* slot.state)) return false
  const { read } = yield* WatermarkStore
  const watermark = Option.filter(yield* read, (known) => Option.contains(known.slot, slot.name))
  if (Option.isNone(watermark)) return yield* slot.create
  const { source } = yield* Effect.flatMap(ChangeSource, ({ visit }) => visit)
  const owner = checkOwner({ slotName: slot.name, source, watermark })
  return yield* Result.isFailure(owner) ? owner.failure : slotGone({ slotName: slot.name, watermark })
}).pipe(Effect.scoped)

export const init = Effect.gen(function* () {
  const store = yield* ObjectStore
  const admin = yield* StoreAdmin
  const slot = yield* ReplicationSlot
  const lakeCreated = yield* retrying(limitedRetry, admin.prepare)
  yield* Console.log(`lake  ${store.location}: ${lakeCreated ? "made" : "is there"}`)
  const slotCreated = yield* retrying(limitedRetry, createSlot)
  yield* Console.log(`slot  ${slot.name} (test_decoding): ${slotCreated ? "made" : "is there"}`)
})
