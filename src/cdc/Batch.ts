/** One batch of changes, from the slot into the lake. */
import { Clock, Effect, Option, Stream } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { Compression } from "../services/Compression.ts"
import { countWritten } from "../services/Metrics.ts"
import type { ObjectStore } from "../services/ObjectStore.ts"
import type { Refusal } from "../services/Refusal.ts"
import type { SlotSession, SlotView } from "../services/ReplicationSlot.ts"
import type { SourceError } from "../services/SourceError.ts"
import type { SourceTables } from "../services/SourceTables.ts"
import type { Spool } from "../services/Spool.ts"
import type { StoreError } from "../services/StoreError.ts"
import { Vitals } from "../services/Vitals.ts"
import type { WatermarkStore } from "../services/WatermarkStore.ts"
import { reportBatch } from "./BatchReport.ts"
import type { DatasetTail, WrittenDataset } from "./DatasetObjects.ts"
import { openBatch } from "./IncObjects.ts"
import { type Standing, watermarkOf, writeWatermark } from "./Resume.ts"
import { decideStart } from "./StartDecision.ts"
import { wholeTransactions } from "./Transactions.ts"

export interface Batch {
  readonly standing: Standing
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

/** `pg_logical_slot_peek_changes` takes a 32-bit number. */
const maxLinesMax = 2_147_483_647

/**
 * BEGIN and COMMIT are lines too. A backlog of just so many changes should not take a second peek for its rest, which
 * would read the log again from where the oldest transaction of the first one began: hence a sixteenth more.
 */
export const peekBound = (batchMaxChanges: number): number =>
  Math.min(batchMaxChanges + Math.floor(batchMaxChanges / 16), maxLinesMax)

export type PipelineError = SourceError | StoreError | Refusal
export type PipelineNeeds = ObjectStore | Compression | WatermarkStore | SourceTables | Spool

/** Where the writer stands once `written` and everything up to `position` is durable. */
const movedTo = (standing: Standing, position: Lsn.Lsn, written: ReadonlyArray<WrittenDataset>): Standing => {
  const newest = new Map(
    written.flatMap(({ dataset, objects }) => objects.slice(-1).map((object) => [dataset, object] as const)),
  )
  return {
    ...standing,
    position,
    objects: new Map([
      ...standing.objects,
      ...[...newest].map(([dataset, { key }]) => [dataset, key] as const),
    ]),
    datasets: standing.datasets.map((tail): DatasetTail => {
      const stamp = Option.map(
        Option.fromNullishOr(newest.get(tail.source.dataset)),
        (object) => object.stamp,
      )
      return {
        source: tail.source,
        newest: Option.orElse(stamp, () => tail.newest),
        written: Option.filter(tail.written, ({ lsn }) => lsn > position),
      }
    }),
  }
}

/** The slot and the log now, if a writer may go on from where it stands. Fails too when the session has gone. */
const lookFrom = Effect.fnUntraced(function* (
  session: SlotSession,
  standing: Standing,
  look: SlotSession["look"] = session.look,
) {
  const view = yield* look
  const watermark = Option.some(watermarkOf(standing, Option.none()))
  yield* Effect.fromResult(decideStart({ slotName: standing.slot, source: standing.source, view, watermark }))
  return view
})

/** Step 1: what waits, read and made visible in the lake. */
const carry = Effect.fnUntraced(function* (
  session: SlotSession,
  standing: Standing,
  upTo: Lsn.Lsn,
  maxLines: number,
) {
  let lastCommit = standing.position
  let lines = 0
  let reading = true
  const vitals = yield* Vitals
  // Objects are sent while the session is idle or busy: one that was lost meanwhile is found out before each of them is
  // visible, lest a successor that has the lock by now writes the same rows beside ours.
  const stillOurs = Effect.suspend(() =>
    lookFrom(session, standing, reading ? session.lookBeside : session.look),
  )
  const objects = yield* openBatch(standing.datasets, standing.layout, stillOurs)
  const tables = standing.datasets.map(({ source }) => source.table)
  yield* session.peek({ upTo, maxLines, tables }).pipe(
    Stream.tap((chunk) =>
      Effect.sync(() => {
        lines = chunk.at(-1)?.ordinal ?? lines
      }),
    ),
    wholeTransactions,
    // A slot behind the watermark tells again what the lake has: after a crash of the server that is normal.
    Stream.map((transactions) => transactions.filter(({ commit }) => commit > standing.position)),
    Stream.runForEach((transactions) => {
      const [first, last] = [transactions[0], transactions.at(-1)]
      lastCommit = last?.commit ?? lastCommit
      if (first && last) vitals.reads(first.committedAt, last.committedAt)
      return objects.append(transactions)
    }),
    Effect.withSpan("peek"),
  )
  reading = false
  // Also where there is nothing to write: `status` knows an idle writer by its last look.
  yield* stillOurs
  const written = yield* Effect.withSpan(objects.commit, "upload")
  yield* countWritten(written)
  return { written, lastCommit, more: lines >= maxLines }
}, Effect.scoped)

/**
 * Steps 2 and 3. A writer that lost its lock must not speak for the lake, nor one whose slot somebody else moved just
 * before it read: it looks again first.
 */
const confirm = Effect.fnUntraced(function* (session: SlotSession, from: Standing, to: Standing) {
  yield* lookFrom(session, from)
  yield* writeWatermark(to)
  yield* Effect.withSpan(session.advance(to.position), "advance")
})

/** Reads what waits up to what `view` saw at `startedAt`, and makes it durable. A trace of its own: `cdc` runs for months. */
const writeBatch = Effect.fn("batch", { root: true })(function* (
  session: SlotSession,
  standing: Standing,
  limits: BatchLimits,
  view: SlotView,
  startedAt: number,
): Effect.fn.Return<Batch, PipelineError, PipelineNeeds> {
  const vitals = yield* Vitals
  const { written, lastCommit, more } = yield* carry(session, standing, view.flushed, limits.maxLines)
  // A peek that was cut by its bound vouches for nothing after its last COMMIT.
  const moved = movedTo(standing, more ? lastCommit : Lsn.max(view.flushed, lastCommit), written)
  const readUpTo = more ? standing.readUpTo : view.flushed
  if (more && moved.position === standing.position) {
    // Messages outside of transactions filled it, and they cannot be confirmed one by one.
    const wider = { ...limits, maxLines: Math.min(limits.maxLines * 2, maxLinesMax) }
    return yield* writeBatch(session, standing, wider, view, startedAt)
  }
  // A batch that was cut moves always: the next one would read the same again.
  if (!more && written.length === 0 && moved.position - standing.position < limits.worthMoving) {
    vitals.caughtUp(startedAt, yield* Clock.currentTimeMillis)
    return { standing: { ...standing, readUpTo }, written, more }
  }
  yield* confirm(session, standing, moved)
  yield* reportBatch(moved, written, startedAt)
  const now = yield* Clock.currentTimeMillis
  if (more) vitals.goesOn(now, view.flushed - moved.position)
  else vitals.caughtUp(startedAt, now)
  return { standing: { ...moved, readUpTo }, written, more }
})

/**
 * Reads what waits and makes it durable, in the order of steps of `Pipeline.ts`. Safe to interrupt anywhere. A look that
 * finds nothing is no batch, and leaves no span.
 */
export const runBatch = Effect.fnUntraced(function* (
  session: SlotSession,
  standing: Standing,
  limits: BatchLimits,
): Effect.fn.Return<Batch, PipelineError, PipelineNeeds> {
  const startedAt = yield* Clock.currentTimeMillis
  const vitals = yield* Vitals
  const view = yield* lookFrom(session, standing)
  vitals.looked({
    at: startedAt,
    flushed: view.flushed,
    readUpTo: Lsn.max(standing.readUpTo, standing.position),
    keptFrom: Option.getOrElse(
      Option.flatMap(view.slot, ({ restart }) => restart),
      () => view.flushed,
    ),
  })
  if (view.flushed <= standing.readUpTo) return { standing, written: [], more: false }
  return yield* writeBatch(session, standing, limits, view, startedAt)
})
