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
 * What step 1 wrote before a crash is found again in the lake itself (`Resume.ts`), so that every failure can be
 * healed in one way: begin again.
 */
import { Clock, Duration, Effect, Option, Ref, Schedule, Stream } from "effect"
import { type PipelineError, peekBound, runBatch } from "./cdc/Batch.ts"
import { beSeen } from "./cdc/Presence.ts"
import { resume } from "./cdc/Resume.ts"
import { takingTurns } from "./cdc/SlotTurn.ts"
import { attachOrWait } from "./cdc/Standby.ts"
import * as Lsn from "./core/Lsn.ts"
import { copyTable } from "./Full.ts"
import { lakeLayout } from "./lake/LakeLayout.ts"
import { forAWhile, forEver, healsByWaiting, patiently } from "./Patience.ts"
import { feltLake, feltSession } from "./Pulse.ts"
import { ObjectStore } from "./services/ObjectStore.ts"
import { ReplicationSlot } from "./services/ReplicationSlot.ts"
import { SourceTables } from "./services/SourceTables.ts"
import { StopSignal } from "./services/StopSignal.ts"
import { Vitals } from "./services/Vitals.ts"
import { WatermarkStore } from "./services/WatermarkStore.ts"
import { Settings } from "./settings/Settings.ts"
import { checkFollowed } from "./TableChecks.ts"

/** Every configured table as it is at one moment. */
export const full = Effect.gen(function* () {
  const { tables, layout: wanted, slot } = yield* Settings
  const { check } = yield* ObjectStore
  const source = yield* SourceTables
  const vitals = yield* Vitals

  yield* patiently(forAWhile, () => check("full"))
  const { read } = yield* WatermarkStore
  const layout = yield* patiently(forAWhile, () =>
    Effect.flatMap(read, (watermark) => lakeLayout(tables, wanted, watermark)),
  )
  yield* patiently(forAWhile, () => warnWithoutSlot)
  const copyAll = Effect.fnUntraced(function* (reached: Effect.Effect<void>) {
    const snapshot = yield* source.snapshot(tables.map(({ table }) => table))
    yield* reached
    vitals.begins(yield* Clock.currentTimeMillis)
    const manifests = yield* Effect.forEach(tables, (table) => copyTable(snapshot, table, layout, slot))
    vitals.finished(yield* Clock.currentTimeMillis)
    return manifests
  })
  // A snapshot that broke cannot be taken up again: all its tables are copied anew, from one moment as promised.
  return yield* patiently(forAWhile, (_, reached) =>
    Effect.scoped(Effect.provideServiceEffect(copyAll(reached), ObjectStore, feltLake)),
  )
}).pipe(Effect.withSpan("full"))

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
  const writing = Effect.gen(function* () {
    yield* Effect.forkScoped(beSeen)
    yield* patiently(forAWhile, () => check("inc"))
    yield* Effect.forEach(tables, ({ table }) => patiently(forAWhile, () => checkFollowed(table)))
    yield* patiently(mode.once ? forAWhile : forEver, (healthy, reached) =>
      Effect.scoped(
        Effect.provideServiceEffect(writeUntilDone(mode, failed, healthy, reached), ObjectStore, feltLake),
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
  if (!healsByWaiting(last.value)) return yield* last.value
  yield* Effect.logWarning(`cdc: the batch in hand is left to the next start. ${last.value.message}`)
})

/** One life of a writer: from taking the lock to the first failure, or the end. `failed` is told what its batch in hand died of. */
const writeUntilDone = Effect.fnUntraced(function* (
  mode: CdcMode,
  failed: Ref.Ref<Option.Option<PipelineError>>,
  healthy: Effect.Effect<void>,
  reached: Effect.Effect<void>,
) {
  const { pollInterval, batchMaxChanges } = yield* Settings
  const session = feltSession(takingTurns(yield* attachOrWait(mode.noWait, healthy)))
  const standing = yield* Ref.make(yield* resume(session))
  yield* reached

  const limits = { maxLines: peekBound(batchMaxChanges), worthMoving: mode.once ? 1n : Lsn.halfSegment }
  const batch = Ref.get(standing).pipe(
    // A writer that has lost its lock stops where it is: a successor may be writing the same rows already.
    Effect.map((where) => Effect.raceFirst(runBatch(session, where, limits), session.ended)),
    Effect.flatMap((running) =>
      finishInHand(Effect.tapError(running, (error) => Ref.set(failed, Option.some(error)))),
    ),
    Effect.tap(() => Ref.set(failed, Option.none())),
    Effect.tap((done) => Ref.set(standing, done.standing)),
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
