/** One batch of changes, from the slot into the lake. */
import { Clock, Effect, Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { publish } from "../observe/PipelineEvents.ts"
import type { Compression } from "../services/lake/Compression.ts"
import type { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import type { Refusal } from "../services/Refusal.ts"
import type { Spool } from "../services/Spool.ts"
import { maxLinesMax, type SlotView } from "../services/source/ReplicationSlot.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { SourceTables } from "../services/source/SourceTables.ts"
import { carry, lookFrom, type Writer } from "./BatchReading.ts"
import { reportBatch } from "./BatchReport.ts"
import type { WrittenDataset } from "./rows/DatasetObjects.ts"
import { type Checkpoint, movedTo } from "./start/Checkpoint.ts"
import { lookAtTables, settle, type UnsureTable } from "./tables/FollowedTables.ts"
import type { TablePlan } from "./tables/TablePlan.ts"

export interface Batch {
  readonly checkpoint: Checkpoint
  readonly written: ReadonlyArray<WrittenDataset>
  /** The bound cut it: more is waiting. */
  readonly more: boolean
}

export interface BatchLimits {
  /** Soft bound of the peek, in slot lines. */
  readonly maxLines: number
  /**
   * A batch that read all there is and found no rows moves watermark and slot only when that lets the server forget
   * at least this much log. In bytes.
   */
  readonly worthMoving: bigint
}

/**
 * BEGIN and COMMIT are lines too. A backlog of just so many changes should not take a second peek for its rest, which
 * would read the log again from where the oldest transaction of the first one began: hence a sixteenth more.
 */
export const peekBound = (batchMaxChanges: number): number =>
  Math.min(batchMaxChanges + Math.floor(batchMaxChanges / 16), maxLinesMax)

export type PipelineError = SourceError | StoreError | Refusal
export type PipelineNeeds = ObjectStore | Compression | WatermarkStore | SourceTables | Spool

/**
 * Steps 2 and 3. A writer that lost its lock must not speak for the lake, nor one whose slot somebody else moved just
 * before it read: it looks again first.
 */
const confirm = Effect.fnUntraced(function* (
  { session, held }: Writer,
  from: Checkpoint,
  to: Checkpoint,
  more: boolean,
) {
  yield* lookFrom(session, from)
  yield* held.confirm(to, more)
  yield* Effect.withSpan(session.advance(to.watermark.position), "advance")
})

/** Another set of tables from here on: all WAL of the old one is read. */
const changed = ({ session }: Writer, checkpoint: Checkpoint, plan: TablePlan) =>
  Effect.map(
    settle(session, checkpoint.watermark, plan, checkpoint.watermark.position),
    (lines): Checkpoint => ({
      ...checkpoint,
      watermark: { ...checkpoint.watermark, ...lines },
      tables: { ...checkpoint.tables, now: plan.after },
    }),
  )

/** Rows may be missing up to where the checkpoint is: each of the datasets is whole from there on. */
const withGaps = ({ session }: Writer, checkpoint: Checkpoint, incomplete: ReadonlySet<string>) => {
  const anew = new Map([...incomplete].map((dataset) => [dataset, "unknown relation"] as const))
  const plan: TablePlan = { before: [], after: [], anew, leaving: [], warnings: new Map() }
  return Effect.map(
    settle(session, checkpoint.watermark, plan, checkpoint.watermark.position),
    (lines): Checkpoint => ({ ...checkpoint, watermark: { ...checkpoint.watermark, ...lines } }),
  )
}

/** What a look at the catalog has found for a batch. */
interface Looked {
  /** Takes effect where the batch ends. */
  readonly change: Option.Option<TablePlan>
  readonly unsure: ReadonlyArray<UnsureTable>
}

/** Reads what waits up to what `view` saw at `startedAt`, and makes it durable. A trace of its own: `cdc` runs for months. */
const writeBatch = Effect.fn("batch", { root: true })(function* (
  writer: Writer,
  checkpoint: Checkpoint,
  limits: BatchLimits,
  view: SlotView,
  looked: Looked,
  startedAt: number,
): Effect.fn.Return<Batch, PipelineError, PipelineNeeds> {
  const { change, unsure } = looked
  const carried = yield* carry(writer, checkpoint, view.flushed, limits.maxLines, unsure)
  const { written, incomplete, firstCommittedAt, lastCommit, more } = carried
  // A peek that was cut by its bound vouches for nothing after its last COMMIT.
  const position = more ? carried.readUpTo : Lsn.max(view.flushed, carried.readUpTo)
  const readUpTo = more ? checkpoint.readUpTo : view.flushed
  const step = position - checkpoint.watermark.position
  if (more && step === 0n) {
    // Messages outside of transactions filled it, and they cannot be confirmed one by one.
    const wider = { ...limits, maxLines: Math.min(limits.maxLines * 2, maxLinesMax) }
    return yield* writeBatch(writer, checkpoint, wider, view, looked, startedAt)
  }
  const stayed = { ...checkpoint, readUpTo }
  // A batch that was cut moves always: the next one would read the same again.
  const mayStay = !more && written.length === 0 && incomplete.size === 0 && Option.isNone(change)
  if (mayStay && step < limits.worthMoving && !writer.held.isOutdated(stayed)) {
    yield* publish((at) => ({ _tag: "CaughtUp", at, asOf: startedAt }))
    return { checkpoint: stayed, written, more }
  }
  const there = movedTo(stayed, position, written, lastCommit)
  const reached = incomplete.size === 0 ? there : yield* withGaps(writer, there, incomplete)
  const moved = more || Option.isNone(change) ? reached : yield* changed(writer, reached, change.value)
  yield* confirm(writer, checkpoint, moved, more)
  const remainingBytes = more ? view.flushed - position : undefined
  yield* reportBatch({ position, datasets: written, startedAt, firstCommittedAt, remainingBytes })
  return { checkpoint: moved, written, more }
})

/**
 * Reads what waits and makes it durable, in the order of steps of `Pipeline.ts`. Safe to interrupt anywhere. A look that
 * finds nothing is no batch, and leaves no span.
 */
export const runBatch = Effect.fnUntraced(function* (
  writer: Writer,
  checkpoint: Checkpoint,
  limits: BatchLimits,
): Effect.fn.Return<Batch, PipelineError, PipelineNeeds> {
  const startedAt = yield* Clock.currentTimeMillis
  const view = yield* lookFrom(writer.session, checkpoint)
  const readUpTo = Lsn.max(checkpoint.readUpTo, checkpoint.watermark.position)
  const retainedFrom = Option.getOrElse(
    Option.flatMap(view.slot, ({ restart }) => restart),
    () => view.flushed,
  )
  const { flushed } = view
  yield* publish(() => ({ _tag: "SlotChecked", at: startedAt, flushed, readUpTo, retainedFrom }))
  if (flushed <= checkpoint.readUpTo) return { checkpoint, written: [], more: false }
  const { tables, catalog, ...looked } = yield* lookAtTables(
    writer.session,
    checkpoint.tables,
    checkpoint.watermark,
    readUpTo,
    view.flushed,
  )
  const watermark = { ...checkpoint.watermark, catalog }
  return yield* writeBatch(writer, { ...checkpoint, watermark, tables }, limits, view, looked, startedAt)
})
