/** Steps 2 and 3 of a batch: write the watermark, then confirm the slot, so that PostgreSQL can remove the WAL. */
import { Effect, Option } from "effect"
import { publish } from "../observe/PipelineEvents.ts"
import type { BatchEnd, BatchLimits, Writer, WrittenBatch } from "./Batch.ts"
import { reportBatch } from "./BatchReport.ts"
import { ensureLockHeld } from "./ReadBatch.ts"
import { type Checkpoint, movedTo } from "./start/Checkpoint.ts"
import { settle } from "./tables/FollowedTables.ts"
import type { TablePlan } from "./tables/TablePlan.ts"

/** Returns the checkpoint with the tables that the plan has from its watermark on: all WAL before it is read. */
const settled = ({ session }: Writer, checkpoint: Checkpoint, plan: TablePlan) =>
  Effect.map(
    settle(session, checkpoint.watermark, plan, checkpoint.watermark.position),
    (lines): Checkpoint => ({ ...checkpoint, watermark: { ...checkpoint.watermark, ...lines } }),
  )

/** Returns a plan in which these datasets begin anew: earlier rows of theirs may be missing. */
const gapsIn = (incomplete: ReadonlySet<string>): TablePlan => ({
  before: [],
  after: [],
  anew: new Map([...incomplete].map((dataset) => [dataset, "unknown relation"] as const)),
  masks: new Map(),
  leaving: [],
  warnings: new Map(),
})

/** Returns the batch's checkpoint. If the slot was read to its end, nothing before it needs to be read again. */
const readToItsEnd = ({ checkpoint, view, more }: WrittenBatch): Checkpoint => ({
  ...checkpoint,
  readUpTo: more ? checkpoint.readUpTo : view.flushed,
})

/**
 * Returns the end of a batch that is not worth a watermark: it has no rows, changes no table, and lets the server remove too
 * little WAL. Returns none for others. A batch that was cut is always worth one: the next one would read the same again.
 */
export const endWithoutWatermark = Effect.fnUntraced(function* (
  { held }: Writer,
  batch: WrittenBatch,
  worthMoving: BatchLimits["worthMoving"],
) {
  const { checkpoint, written, incomplete, change, more, position, startedAt } = batch
  const stayed = readToItsEnd(batch)
  const hasNothing = !more && written.length === 0 && incomplete.size === 0 && Option.isNone(change)
  const bytes = position - checkpoint.watermark.position
  if (!hasNothing || bytes >= worthMoving || held.isOutdated(stayed)) return Option.none<BatchEnd>()
  yield* publish((at) => ({ _tag: "CaughtUp", at, asOf: startedAt }))
  return Option.some<BatchEnd>({ checkpoint: stayed, more })
})

/**
 * Step 2. Returns the checkpoint after the batch. Reads the slot once more before: a writer that lost its lock must not write
 * the watermark, nor one whose slot another session moved just before the read. Fails with `Fenced` if another writer has taken
 * over the lake.
 */
export const writeWatermark = Effect.fnUntraced(function* (writer: Writer, batch: WrittenBatch) {
  const { position, written, lastCommit, incomplete, change, more } = batch
  const moved = movedTo(readToItsEnd(batch), position, written, lastCommit)
  const known = incomplete.size === 0 ? moved : yield* settled(writer, moved, gapsIn(incomplete))
  const next =
    more || Option.isNone(change)
      ? known
      : {
          ...(yield* settled(writer, known, change.value)),
          tables: { ...known.tables, now: change.value.after },
        }
  yield* ensureLockHeld(writer.session, batch.checkpoint)
  yield* writer.held.confirm(next, more)
  return next
})

/** Step 3: confirms the slot, and reports the batch. */
export const confirmSlot = Effect.fnUntraced(function* (
  { session }: Writer,
  { position, written, startedAt, firstCommittedAt, view, more }: WrittenBatch,
) {
  yield* Effect.withSpan(session.confirm(position), "advance")
  const remainingBytes = more ? view.flushed - position : undefined
  yield* reportBatch({ position, datasets: written, startedAt, firstCommittedAt, remainingBytes })
})
