/** Reads the state of the slot and the catalog: whether changes are pending, and for which tables. */
import { Clock, Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { publish } from "../observe/PipelineEvents.ts"
import type { ChangeSession } from "../services/source/ChangeSource.ts"
import type { PendingBatch } from "./Batch.ts"
import type { BatchPace } from "./BatchPace.ts"
import { knownByDataset } from "./rows/KnownTails.ts"
import type { Checkpoint } from "./start/Checkpoint.ts"
import { decideStart } from "./start/StartDecision.ts"
import { withTails } from "./start/Tails.ts"
import { readCatalog } from "./tables/FollowedTables.ts"
import { uncertainTables } from "./unknown/UncertainTables.ts"

/**
 * Returns the present state of the slot and the flushed WAL position. Fails if the session has ended, or with a `Refusal` if
 * another session has moved the slot: then the writer must not continue from its checkpoint.
 */
export const ensureLockHeld = Effect.fnUntraced(function* (session: ChangeSession, checkpoint: Checkpoint) {
  const view = yield* session.readState
  const { slot: slotName, source } = checkpoint
  const watermark = Option.some(checkpoint.watermark)
  yield* Effect.fromResult(decideStart({ slotName, source, view, watermark }))
  return view
})

/**
 * Returns none, and leaves no span, if no WAL was written since the last read, or if what is pending is not due yet. Reads no
 * changes from the slot: `writeObjects` does.
 */
export const readBatch = Effect.fnUntraced(function* (
  session: ChangeSession,
  checkpoint: Checkpoint,
  pace: BatchPace,
) {
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
  if (!pace.isDue(readUpTo, flushed, startedAt)) {
    yield* publish((at) => ({ _tag: "BatchPostponed", at }))
    return Option.none<PendingBatch>()
  }
  const { tables, before, catalog, leaves, files, masked, change, present } = yield* readCatalog(
    session,
    checkpoint,
    readUpTo,
    flushed,
  )
  const watermark = { ...checkpoint.watermark, catalog, leaves, files, masked }
  const isUnderSame = tables.rules === checkpoint.tables.rules
  const withEnds = yield* withTails({ ...checkpoint, watermark, tables }, change)
  const known = yield* knownByDataset({
    ...withEnds,
    known: isUnderSame ? checkpoint.known : new Map(),
  })
  return Option.some<PendingBatch>({
    startedAt,
    view,
    checkpoint: { ...withEnds, known },
    change,
    unsure: uncertainTables(checkpoint.watermark, before),
    present,
  })
})
