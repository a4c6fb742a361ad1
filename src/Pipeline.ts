/**
 * Both flows, from PostgreSQL to the lake. A newcomer begins here.
 *
 * `full` is one snapshot, copied table by table. `cdc` is a stream of batches, repeated on a schedule, each of which
 * takes the same durable steps in the same order:
 *
 *     1. lake       the objects become visible
 *     2. watermark  the lake records the LSN up to which it is complete
 *     3. slot       PostgreSQL may remove the WAL that the watermark covers
 *
 * So slot <= watermark <= lake at every instant, and stopping between any two steps repeats work and loses none. After a
 * crash the objects of step 1 are read from the lake itself (`TakeOver.ts`). So every failure has the same remedy: begin
 * again.
 */
import { Effect, Option, Schedule, Stream } from "effect"
import { type BatchLimits, type PendingBatch, peekBound, type Writer } from "./cdc/Batch.ts"
import { atOnce, BatchPace } from "./cdc/BatchPace.ts"
import { confirmSlot, endWithoutWatermark, writeWatermark } from "./cdc/Confirm.ts"
import { asCurrentBatch, finishingBatchOnStop } from "./cdc/CurrentBatch.ts"
import { type TakenLake, takeOver } from "./cdc/fence/TakeOver.ts"
import { inForce, withNewest } from "./cdc/NewestSettings.ts"
import { readBatch } from "./cdc/ReadBatch.ts"
import type { Checkpoint } from "./cdc/start/Checkpoint.ts"
import { writeObjects } from "./cdc/WriteObjects.ts"
import { holdLivenessLock } from "./cdc/writer/LivenessLock.ts"
import { writerLock } from "./cdc/writer/WriterLock.ts"
import type { KnownColumns } from "./core/columns/Projection.ts"
import * as Lsn from "./core/Lsn.ts"
import type { LakeFolders } from "./core/lake/Watermark.ts"
import type { SourceTable } from "./core/source/SourceTable.ts"
import { copyTarget, warnWithoutSlot } from "./full/CopyTarget.ts"
import { copyTable } from "./full/Full.ts"
import { waitToJoin } from "./full/JoiningSnapshot.ts"
import { checkAllCopied, checkAllFollowed } from "./full/TableChecks.ts"
import { reportingActivity } from "./observe/Activity.ts"
import { publish } from "./observe/PipelineEvents.ts"
import { limitedRetry, reportAnswered, reportHealthy, retrying, unlimitedRetry } from "./retry/RetryPolicy.ts"
import { ObjectStore } from "./services/lake/ObjectStore.ts"
import type { ChangeSession } from "./services/source/ChangeSource.ts"
import { SourceTables } from "./services/source/SourceTables.ts"
import { type LiveSettings, liveSettings } from "./settings/reload/LiveSettings.ts"
import { Settings } from "./settings/Settings.ts"

export interface FullMode {
  /** True if the newest manifests may be of another server or database. */
  readonly isNewSource: boolean
  /** The tables to copy, as `--tables` names them; none for all. */
  readonly only?: Option.Option<string>
}

/** Copies every configured table, or those of `only`, in one snapshot. Returns the manifests. */
export const fullInto = Effect.fn("full")(function* ({ isNewSource, only = Option.none() }: FullMode) {
  const { check } = yield* ObjectStore
  yield* retrying(limitedRetry, check("full"))
  const { layout, watermark, tables, dropped, known } = yield* retrying(
    limitedRetry,
    copyTarget(only, isNewSource),
  )
  yield* retrying(limitedRetry, warnWithoutSlot(watermark))
  yield* checkAllCopied(tables, dropped, known, Option.isNone(only))
  if (Option.isSome(only)) yield* retrying(limitedRetry, waitToJoin(tables))
  // A lost snapshot cannot be continued: a retry copies all tables again, so that all are of one snapshot.
  return yield* retrying(limitedRetry, Effect.scoped(reportingActivity(copyTables(tables, layout, known))))
})

const copyTables = Effect.fnUntraced(function* (
  tables: ReadonlyArray<SourceTable>,
  layout: LakeFolders,
  known: ReadonlyMap<string, KnownColumns>,
) {
  const { slot } = yield* Settings
  const source = yield* SourceTables
  const snapshot = yield* source.snapshot(tables.map(({ table }) => table))
  yield* reportAnswered
  yield* publish((at) => ({ _tag: "CopyBegan", at }))
  const manifests = yield* Effect.forEach(tables, (table) =>
    copyTable(snapshot, table, layout, slot, known.get(table.dataset)),
  )
  yield* publish((at) => ({ _tag: "CopyFinished", at }))
  return manifests
})

export const full = fullInto({ isNewSource: false })

export interface CdcMode {
  /** Writes what is pending, then ends. */
  readonly once: boolean
  /** Fails if another writer holds the slot, instead of waiting as its standby. */
  readonly noWait: boolean
}

/**
 * Follows the slot without end, or with `once` until nothing is pending. Finishes the current batch when a stop is requested.
 * Fails with a `Refusal`, a permanent error, or a transient one that lasted longer than the retry policy allows.
 */
export const cdc = Effect.fn("Pipeline.cdc")(function* (mode: CdcMode) {
  const { check } = yield* ObjectStore
  const live = yield* liveSettings
  const withWriterLock = yield* writerLock(mode)
  const worthMoving = mode.once ? 1n : Lsn.halfSegment
  const pace = mode.once ? atOnce() : new BatchPace(() => live.inForce)
  const pause = Effect.suspend(() => Effect.raceFirst(pace.pause, live.waiting))

  /** One attempt of a writer: takes the lake over, then writes batch after batch until the first failure. */
  const write = withWriterLock(
    Effect.fnUntraced(function* (session) {
      const newest = yield* withNewest(live, Effect.andThen(checkAllFollowed, takeOver(session)))
      const begun = Option.isSome(newest) ? newest.value : yield* inForce(live)(takeOver(session))
      yield* reportAnswered
      const batches = untilCaughtUp(live, pace, session, begun, worthMoving)
      yield* Stream.runDrain(
        mode.once
          ? batches
          : Stream.repeat(Stream.concat(batches, Stream.fromEffectDrain(pause)), Schedule.forever),
      )
    }),
  )
  const attempt = Effect.ensuring(
    write,
    Effect.sync(() => pace.restart()),
  )

  yield* finishingBatchOnStop(
    Effect.gen(function* () {
      yield* Effect.forkScoped(holdLivenessLock)
      yield* retrying(limitedRetry, check("inc"))
      yield* inForce(live)(checkAllFollowed)
      yield* retrying(mode.once ? limitedRetry : unlimitedRetry, Effect.scoped(reportingActivity(attempt)))
    }),
    pace.drain,
  )
})

/**
 * Writes batch after batch, each from the checkpoint of the one before, until the slot holds no more that is due. Takes the lake
 * over anew where the settings were read again: so a reload comes to the same lake as a restart.
 */
const untilCaughtUp = (
  live: LiveSettings,
  pace: BatchPace,
  session: ChangeSession,
  begun: TakenLake,
  worthMoving: bigint,
) => {
  let lake = begun
  const reload = Effect.map(
    withNewest(live, Effect.andThen(checkAllFollowed, takeOver(session, true))),
    (newest) => {
      lake = Option.getOrElse(newest, () => lake)
    },
  )
  const next = inForce(live)(
    Effect.suspend(() => {
      const limits = { maxLines: peekBound(live.inForce.batchMaxChanges), worthMoving }
      return writeBatch({ session, held: lake.held }, lake.checkpoint, limits, pace)
    }),
  )
  const batch = asCurrentBatch(Effect.andThen(reload, next), session.ended).pipe(
    Effect.tap(({ checkpoint }) => Effect.sync(() => (lake = { ...lake, checkpoint }))),
    Effect.tap(() => reportHealthy),
  )
  return Stream.paginate(undefined, () =>
    Effect.map(batch, (end) => [[end], end.more ? Option.some(undefined) : Option.none()] as const),
  )
}

/** One batch, in the order of its durable steps, as soon as `pace` says that it is due. Safe to interrupt anywhere. */
export const writeBatch = Effect.fnUntraced(function* (
  writer: Writer,
  checkpoint: Checkpoint,
  limits: BatchLimits,
  pace: BatchPace = atOnce(),
) {
  const waiting = yield* readBatch(writer.session, checkpoint, pace)
  if (Option.isNone(waiting)) return { checkpoint, more: false }
  return yield* makeDurable(writer, waiting.value, limits)
})

/** Begins a new trace for each batch, because `cdc` runs for months. */
const makeDurable = Effect.fn("batch", { root: true })(function* (
  writer: Writer,
  waiting: PendingBatch,
  limits: BatchLimits,
) {
  const batch = yield* writeObjects(writer, waiting, limits.maxLines)
  const unconfirmed = yield* endWithoutWatermark(writer, batch, limits.worthMoving)
  if (Option.isSome(unconfirmed)) return unconfirmed.value
  const next = yield* writeWatermark(writer, batch)
  yield* confirmSlot(writer, batch)
  return { checkpoint: next, more: batch.more }
})
