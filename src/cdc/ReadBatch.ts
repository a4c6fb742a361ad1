/** Looks at the slot and at the catalog: what waits, and for which tables. */
import { Clock, Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { publish } from "../observe/PipelineEvents.ts"
import type { ChangeSession } from "../services/source/ChangeSource.ts"
import type { PendingBatch } from "./Batch.ts"
import type { Checkpoint } from "./start/Checkpoint.ts"
import { decideStart } from "./start/StartDecision.ts"
import { readCatalog } from "./tables/FollowedTables.ts"

/**
 * Returns the slot and the flushed WAL now. Fails where the session has ended, and with a refusal where somebody else moved
 * the slot: the writer may not go on from its checkpoint then.
 */
export const ensureLockHeld = Effect.fnUntraced(function* (session: ChangeSession, checkpoint: Checkpoint) {
  const view = yield* session.readState
  const { slot: slotName, source } = checkpoint
  const watermark = Option.some(checkpoint.watermark)
  yield* Effect.fromResult(decideStart({ slotName, source, view, watermark }))
  return view
})

/**
 * None where nothing was written to the WAL since the last look, which leaves no span. Nothing is read from the slot yet:
 * `writeObjects` reads it.
 */
export const readBatch = Effect.fnUntraced(function* (session: ChangeSession, checkpoint: Checkpoint) {
  const startedAt = yield* Clock.currentTimeMillis
  const view = yield* ensureLockHeld(session, checkpoint)
  const { flushed } = view
  const readUpTo = Lsn.max(checkpoint.readUpTo, checkpoint.watermark.position)
  const retainedFrom = Option.getOrElse(
    Option.flatMap(view.slot, ({ restart }) => restart),
    () => flushed,
  )
  yield* publish(() => ({ _tag: "SlotChecked", at: startedAt, flushed, readUpTo, retainedFrom }))
  if (flushed <= checkpoint.readUpTo) return Option.none<PendingBatch>()
  const { tables, catalog, change, unsure } = yield* readCatalog(
    session,
    checkpoint.tables,
    checkpoint.watermark,
    readUpTo,
    flushed,
  )
  const watermark = { ...checkpoint.watermark, catalog }
  return Option.some<PendingBatch>({
    startedAt,
    view,
    checkpoint: { ...checkpoint, watermark, tables },
    change,
    unsure,
  })
})
