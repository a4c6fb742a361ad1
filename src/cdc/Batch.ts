/** One batch of changes, from the slot into the lake. */
import { Clock, Effect, Option, Stream } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { publish } from "../observe/PipelineEvents.ts"
import type { Compression } from "../services/lake/Compression.ts"
import type { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { WatermarkStore } from "../services/lake/WatermarkStore.ts"
import type { Refusal } from "../services/Refusal.ts"
import type { Spool } from "../services/Spool.ts"
import { maxLinesMax, type SlotSession, type SlotView } from "../services/source/ReplicationSlot.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { SourceTables } from "../services/source/SourceTables.ts"
import { askedTogether } from "./AskedTogether.ts"
import { reportBatch } from "./BatchReport.ts"
import { notedInScope } from "./FirstFailure.ts"
import type { HeldWatermark } from "./fence/HeldWatermark.ts"
import type { WrittenDataset } from "./rows/DatasetObjects.ts"
import { openBatch } from "./rows/IncObjects.ts"
import { wholeTransactions } from "./rows/Transactions.ts"
import { type Checkpoint, followedTails, movedTo } from "./start/Checkpoint.ts"
import { decideStart } from "./start/StartDecision.ts"
import { lookAtTables, settle } from "./tables/FollowedTables.ts"
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

/** What makes this process the one writer: the lock on the source, and the watermark of the lake. */
export interface Writer {
  readonly session: SlotSession
  readonly held: HeldWatermark
}

/**
 * BEGIN and COMMIT are lines too. A backlog of just so many changes should not take a second peek for its rest, which
 * would read the log again from where the oldest transaction of the first one began: hence a sixteenth more.
 */
export const peekBound = (batchMaxChanges: number): number =>
  Math.min(batchMaxChanges + Math.floor(batchMaxChanges / 16), maxLinesMax)

export type PipelineError = SourceError | StoreError | Refusal
export type PipelineNeeds = ObjectStore | Compression | WatermarkStore | SourceTables | Spool

/** The slot and the log now, if a writer may go on from where it stands. Fails too when the session has gone. */
const lookFrom = Effect.fnUntraced(function* (
  session: SlotSession,
  checkpoint: Checkpoint,
  look: SlotSession["look"] = session.look,
) {
  const view = yield* look
  const { slot: slotName, source } = checkpoint
  const watermark = Option.some(checkpoint.watermark)
  yield* Effect.fromResult(decideStart({ slotName, source, view, watermark }))
  return view
})

/** Step 1: what waits, read and made visible in the lake. */
const carry = Effect.fnUntraced(function* (
  { session, held }: Writer,
  checkpoint: Checkpoint,
  upTo: Lsn.Lsn,
  maxLines: number,
) {
  const { position } = checkpoint.watermark
  let readUpTo = position
  let lines = 0
  let reading = true
  let firstCommittedAt: string | undefined
  // Objects are sent while the session is idle or busy: one that was lost meanwhile is found out before each of them is
  // visible, lest a successor that has the lock by now writes the same rows beside ours.
  const ensureLockHeld = yield* askedTogether(
    Effect.suspend(() => lookFrom(session, checkpoint, reading ? session.lookBeside : session.look)),
  )
  const tails = followedTails(checkpoint)
  const objects = yield* openBatch(tails, checkpoint.layout, {
    ensureLockHeld,
    publish: held.publish,
    nameObject: (newest) => held.nameObject(checkpoint, newest),
  })
  const tables = checkpoint.tables.now.flatMap(({ names }) => names)
  yield* session.peek({ upTo, maxLines, tables }).pipe(
    Stream.tap((chunk) =>
      Effect.sync(() => {
        lines = chunk.at(-1)?.ordinal ?? lines
      }),
    ),
    wholeTransactions,
    // A slot behind the watermark tells again what the lake has: after a crash of the server that is normal.
    Stream.map((transactions) => transactions.filter(({ commit }) => commit > position)),
    Stream.runForEach((transactions) => {
      const [first, last] = [transactions[0], transactions.at(-1)]
      if (first === undefined || last === undefined) return Effect.void
      readUpTo = last.commit
      firstCommittedAt ??= first.committedAt
      const times = { firstCommittedAt: first.committedAt, lastCommittedAt: last.committedAt }
      return Effect.andThen(
        publish((at) => ({ _tag: "TransactionsRead", at, ...times })),
        objects.append(transactions),
      )
    }),
    Effect.withSpan("peek"),
  )
  reading = false
  // Also where there is nothing to write: `status` knows an idle writer by its last look.
  yield* ensureLockHeld
  const written = yield* Effect.withSpan(objects.commit, "upload")
  if (written.length > 0) yield* publish((at) => ({ _tag: "ObjectsPublished", at, datasets: written }))
  return { written, firstCommittedAt, lastCommit: objects.lastCommit(), readUpTo, more: lines >= maxLines }
}, notedInScope)

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

/** Reads what waits up to what `view` saw at `startedAt`, and makes it durable. A trace of its own: `cdc` runs for months. */
const writeBatch = Effect.fn("batch", { root: true })(function* (
  writer: Writer,
  checkpoint: Checkpoint,
  limits: BatchLimits,
  view: SlotView,
  change: Option.Option<TablePlan>,
  startedAt: number,
): Effect.fn.Return<Batch, PipelineError, PipelineNeeds> {
  const carried = yield* carry(writer, checkpoint, view.flushed, limits.maxLines)
  const { written, firstCommittedAt, lastCommit, more } = carried
  // A peek that was cut by its bound vouches for nothing after its last COMMIT.
  const position = more ? carried.readUpTo : Lsn.max(view.flushed, carried.readUpTo)
  const readUpTo = more ? checkpoint.readUpTo : view.flushed
  const step = position - checkpoint.watermark.position
  if (more && step === 0n) {
    // Messages outside of transactions filled it, and they cannot be confirmed one by one.
    const wider = { ...limits, maxLines: Math.min(limits.maxLines * 2, maxLinesMax) }
    return yield* writeBatch(writer, checkpoint, wider, view, change, startedAt)
  }
  const stayed = { ...checkpoint, readUpTo }
  // A batch that was cut moves always: the next one would read the same again.
  const mayStay = !more && written.length === 0 && Option.isNone(change)
  if (mayStay && step < limits.worthMoving && !writer.held.isOutdated(stayed)) {
    yield* publish((at) => ({ _tag: "CaughtUp", at, asOf: startedAt }))
    return { checkpoint: stayed, written, more }
  }
  const reached = movedTo(stayed, position, written, lastCommit)
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
  const { tables, change } = yield* lookAtTables(
    writer.session,
    checkpoint.tables,
    checkpoint.watermark,
    readUpTo,
    view.flushed,
  )
  return yield* writeBatch(writer, { ...checkpoint, tables }, limits, view, change, startedAt)
})
