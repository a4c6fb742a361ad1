/**
 * Both flows, from PostgreSQL to the lake. A newcomer begins here.
 *
 * `full` is one snapshot, copied table by table. `cdc` is a stream of batches, repeated on a schedule, each of which
 * takes the same durable steps in the same order:
 *
 *     1. lake       the objects become visible
 *     2. watermark  the lake says up to where it is whole
 *     3. slot       PostgreSQL may forget what the watermark covers
 *
 * So slot <= watermark <= lake at every instant, and stopping between any two steps repeats work and loses none.
 * What step 1 wrote before a crash is found again in the lake itself (`TakeOver.ts`), so that every failure can be
 * healed in one way: begin again.
 */
import { Duration, Effect, Option, Ref, Schedule, Stream } from "effect"
import { type PipelineError, peekBound, runBatch } from "./cdc/Batch.ts"
import { unlessEnded } from "./cdc/FirstFailure.ts"
import { countFenced } from "./cdc/fence/FencedOut.ts"
import { takeOver } from "./cdc/fence/TakeOver.ts"
import { beSeen } from "./cdc/writer/Presence.ts"
import { takingTurns } from "./cdc/writer/SlotTurn.ts"
import { attachOrWait } from "./cdc/writer/Standby.ts"
import * as Lsn from "./core/Lsn.ts"
import { copyTable } from "./full/Full.ts"
import { checkLakeOwner } from "./full/LakeOwner.ts"
import { checkAllCopied, checkAllFollowed } from "./full/TableChecks.ts"
import { lakeLayout } from "./lake/LakeLayout.ts"
import { reportingReads, reportingWrites } from "./observe/Activity.ts"
import { publish } from "./observe/PipelineEvents.ts"
import { isTransient, limitedRetry, retrying, unlimitedRetry } from "./retry/RetryPolicy.ts"
import { ObjectStore } from "./services/lake/ObjectStore.ts"
import type { StoreError } from "./services/lake/StoreError.ts"
import { WatermarkStore } from "./services/lake/WatermarkStore.ts"
import { StopSignal } from "./services/StopSignal.ts"
import { ReplicationSlot, type SlotSession } from "./services/source/ReplicationSlot.ts"
import { SourceTables } from "./services/source/SourceTables.ts"
import { Settings } from "./settings/Settings.ts"

export interface FullMode {
  /** The newest manifests may be of another server or database. */
  readonly isNewSource: boolean
}

/** Every configured table as it is at one moment. */
export const fullInto = Effect.fn("full")(function* ({ isNewSource }: FullMode) {
  const { tables: configured, layout: wanted, slot } = yield* Settings
  const { check } = yield* ObjectStore
  const source = yield* SourceTables

  yield* retrying(limitedRetry, () => check("full"))
  const { read } = yield* WatermarkStore
  const { layout, tables, dropped } = yield* retrying(
    limitedRetry,
    Effect.fnUntraced(function* () {
      const watermark = yield* read
      const found = yield* lakeLayout(configured, wanted, watermark)
      return { layout: found, ...(yield* checkLakeOwner(configured, found, watermark, isNewSource)) }
    }),
  )
  yield* retrying(limitedRetry, () => warnWithoutSlot)
  yield* checkAllCopied(tables, dropped)
  const copyAll = Effect.fnUntraced(function* (reached: Effect.Effect<void>) {
    const snapshot = yield* source.snapshot(tables.map(({ table }) => table))
    yield* reached
    yield* publish((at) => ({ _tag: "CopyBegan", at }))
    const manifests = yield* Effect.forEach(tables, (table) => copyTable(snapshot, table, layout, slot))
    yield* publish((at) => ({ _tag: "CopyFinished", at }))
    return manifests
  })
  // A snapshot that broke cannot be taken up again: all its tables are copied anew, from one moment as promised.
  return yield* retrying(limitedRetry, (_, reached) =>
    Effect.scoped(Effect.provideServiceEffect(copyAll(reached), ObjectStore, reportingWrites)),
  )
})

export const full = fullInto({ isNewSource: false })

/** Changes made before the slot exists are in no `inc`: whoever wants both begins with the slot. */
const warnWithoutSlot = Effect.gen(function* () {
  const slot = yield* ReplicationSlot
  if (Option.isSome(yield* slot.state)) return
  yield* Effect.logWarning(
    `The slot "${slot.name}" does not exist: changes made from now until it does will be in neither full nor inc. ` +
      "Run `node dist/main.js init` first, then `full`.",
  )
})

export interface CdcMode {
  /** Drain what is there, then end. */
  readonly once: boolean
  /** Where another writer holds the slot: refuse instead of waiting as its standby. */
  readonly noWait: boolean
}

/** Follows the slot: for ever, or with `once` until nothing waits. Ends with the batch in hand when it is asked to stop. */
export const cdc = Effect.fn("Pipeline.cdc")(function* (mode: CdcMode) {
  const { check } = yield* ObjectStore
  const { tables } = yield* Settings
  const stop = yield* StopSignal
  const failed = yield* Ref.make(Option.none<PipelineError>())
  const fenced = yield* Ref.make<ReadonlyArray<number>>([])
  const writing = Effect.gen(function* () {
    yield* Effect.forkScoped(beSeen)
    yield* retrying(limitedRetry, () => check("inc"))
    yield* checkAllFollowed(tables)
    yield* retrying(mode.once ? limitedRetry : unlimitedRetry, (healthy, reached) =>
      Effect.scoped(
        Effect.provideServiceEffect(
          writeUntilDone(mode, { failed, fenced }, healthy, reached),
          ObjectStore,
          reportingWrites,
        ),
      ),
    )
  })
  yield* Effect.raceFirst(
    Effect.scoped(writing),
    Effect.andThen(stop.wished, Effect.logInfo("cdc: stopping")),
  )
  // The wish has won the race, which has no ear for what became of the batch in hand.
  const last = yield* Ref.get(failed)
  if (Option.isNone(last)) return
  if (!isTransient(last.value)) return yield* last.value
  yield* Effect.logWarning(`cdc: the batch in hand is left to the next start. ${last.value.message}`)
})

/** What is kept when a writer begins anew. */
interface Remembered {
  /** What the batch in hand failed with. */
  readonly failed: Ref.Ref<Option.Option<PipelineError>>
  /** When another writer replaced this one in the lake, in milliseconds since the epoch. */
  readonly fenced: Ref.Ref<ReadonlyArray<number>>
}

/** One life of a writer: from taking the lock to the first failure, or the end. */
const writeUntilDone = Effect.fnUntraced(function* (
  mode: CdcMode,
  { failed, fenced }: Remembered,
  healthy: Effect.Effect<void>,
  reached: Effect.Effect<void>,
) {
  const attached = yield* attachOrWait(mode, healthy)
  if (Option.isNone(attached)) return
  // What an earlier life has left to the next one is in its hands now.
  yield* Ref.set(failed, Option.none())
  const session = reportingReads(takingTurns(attached.value))
  return yield* Effect.catchIf(
    write(mode, failed, session, healthy, reached),
    (error): error is StoreError => error._tag === "StoreError" && error.reason === "Fenced",
    (error) => countFenced(fenced, session, error),
  )
})

/** Takes the lake over with the lock held, then runs batch after batch. */
const write = Effect.fnUntraced(function* (
  mode: CdcMode,
  failed: Ref.Ref<Option.Option<PipelineError>>,
  session: SlotSession,
  healthy: Effect.Effect<void>,
  reached: Effect.Effect<void>,
) {
  const { pollInterval, batchMaxChanges } = yield* Settings
  const { held, checkpoint: first } = yield* takeOver(session)
  const checkpoint = yield* Ref.make(first)
  yield* reached

  const limits = { maxLines: peekBound(batchMaxChanges), worthMoving: mode.once ? 1n : Lsn.halfSegment }
  const batch = Ref.set(failed, Option.none()).pipe(
    Effect.andThen(Ref.get(checkpoint)),
    // A writer that has lost its lock stops where it is: a successor may be writing the same rows already.
    Effect.map((where) => unlessEnded(runBatch({ session, held }, where, limits), session.ended, failed)),
    Effect.flatMap((running) =>
      finishInHand(Effect.tapError(running, (error) => Ref.set(failed, Option.some(error)))),
    ),
    Effect.tap((done) => Ref.set(checkpoint, done.checkpoint)),
    Effect.tap(() => healthy),
  )
  const drain = Stream.paginate(undefined, () =>
    Effect.map(batch, (done) => [[done], done.more ? Option.some(undefined) : Option.none()] as const),
  )
  yield* Stream.runDrain(mode.once ? drain : Stream.repeat(drain, Schedule.spaced(pollInterval)))
})

/** So long may the batch in hand still take when the program is asked to stop; then it is given up, which is safe too. */
const grace = Duration.seconds(20)

const finishInHand = <A, E, R>(batch: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const stop = yield* StopSignal
    const givenUp = stop.wished.pipe(Effect.andThen(Effect.sleep(grace)), Effect.andThen(Effect.interrupt))
    return yield* Effect.uninterruptibleMask((restore) => Effect.raceFirst(restore(batch), restore(givenUp)))
  })
