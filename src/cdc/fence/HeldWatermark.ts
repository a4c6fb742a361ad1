/**
 * The watermark in the hands of one writer. Each write replaces the version that this writer wrote or took over, so that
 * one whose lake was taken over meanwhile can neither announce nor confirm. Names may be asked for by several fibers at
 * once; nobody may ask for one while the watermark is confirmed.
 */
import { randomUUID } from "node:crypto"
import { Clock, DateTime, Effect, Option, Semaphore } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { nextStamp, type ObjectName, type Stamp } from "../../core/lake/ObjectKey.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { Publish } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { type StoredWatermark, WatermarkStore } from "../../services/lake/WatermarkStore.ts"
import { type Checkpoint, newestStamps } from "../start/Checkpoint.ts"
import { announcement, type Fencing, holding, isOutdated, nameAfter, nextAfterBatch } from "./Fence.ts"

export interface HeldWatermark {
  /** How this writer's objects become visible. */
  readonly publish: Publish
  /**
   * The name of a dataset's next object, after its `newest`. Announces first where nothing holds that is announced; what one
   * object of a batch has is for all its objects, however long the batch is read. Called
   * before the first request for the object; each object of a dataset is answered before the next one is named.
   */
  readonly nameObject: (
    checkpoint: Checkpoint,
    newest: Option.Option<Stamp>,
  ) => Effect.Effect<ObjectName, StoreError>
  /** The lake is whole up to the checkpoint, and every request for an object is answered. `more` waits to be read. */
  readonly confirm: (checkpoint: Checkpoint, more: boolean) => Effect.Effect<void, StoreError>
  /**
   * The watermark announces names that are for nothing any more, or says that requests may be under way: to be confirmed
   * although the lake has not changed.
   */
  readonly isOutdated: (checkpoint: Checkpoint) => boolean
}

/**
 * Makes this process the writer: from then on the one before can change nothing under a condition. `found` is what was
 * read; `bound` is the flushed LSN, read with the lock held.
 */
export const takeWatermark = Effect.fn("HeldWatermark.takeWatermark")(function* (
  watermark: Watermark,
  found: Option.Option<StoredWatermark>,
  fencing: Fencing,
  bound: Lsn.Lsn,
) {
  const store = yield* WatermarkStore
  const { ending } = yield* RowFormat
  const lastEpoch = Option.match(found, { onNone: () => 0, onSome: (stored) => stored.lastEpoch })
  const epoch = Option.some(
    Math.max(
      lastEpoch,
      Option.getOrElse(watermark.epoch, () => 0),
    ) + 1,
  )
  const writer = Option.some(randomUUID())
  const isConditional = fencing === "conditions"

  let current: Watermark = {
    ...watermark,
    epoch,
    writer,
    next: isConditional ? watermark.next : Option.none(),
    // A take-over may come late itself. It must not say then that nothing of its successor is under way.
    clean: isConditional ? Option.none() : Option.some(false),
  }
  let version = Option.map(found, (stored) => stored.version)
  /** Objects have been named since the last batch ended, so that requests for them may be under way. */
  let isNaming = false
  const write = (watermark: Watermark) =>
    Effect.gen(function* () {
      if (isConditional) version = Option.some(yield* store.replace(watermark, version))
      else yield* store.overwrite(watermark)
      current = watermark
    })
  yield* write(current)

  const readSoFar = ({ readUpTo, watermark: { position } }: Checkpoint) => ({
    readUpTo: Lsn.max(readUpTo, position),
    bound,
  })
  const fresh = (checkpoint: Checkpoint) =>
    Effect.map(Clock.currentTimeMillis, (now) => announcement(newestStamps(checkpoint), now, ending))

  const announced = Effect.fnUntraced(function* (checkpoint: Checkpoint) {
    const now = yield* Clock.currentTimeMillis
    // A successor knows one announcement alone: it must not be replaced while an object is under way under it.
    const held = isNaming ? current.next : holding(current.next, readSoFar(checkpoint), now)
    isNaming = true
    if (Option.isSome(held)) return held.value
    const next = yield* fresh(checkpoint)
    yield* write({ ...current, next: Option.some(next) })
    return next
  })

  /** Whether requests may be under way for all that the watermark says, although each is answered. */
  const isUnclean = () => Option.contains(current.clean, false)

  const nameUnfenced = Effect.fnUntraced(function* (newest: Option.Option<Stamp>) {
    if (!isUnclean()) yield* write({ ...current, clean: Option.some(false) })
    const stamp = nextStamp(newest, yield* Clock.currentTimeMillis)
    return { stamp, ending }
  })

  // Who asks for a name while another one's is being announced gets the announced one too.
  const naming = yield* Semaphore.make(1)

  const held: HeldWatermark = {
    publish: isConditional ? "fenced" : "looked up",
    nameObject: (checkpoint, newest) =>
      naming.withPermit(
        isConditional
          ? Effect.map(announced(checkpoint), (name) => nameAfter(name, newest))
          : nameUnfenced(newest),
      ),
    confirm: Effect.fnUntraced(function* (checkpoint, more) {
      isNaming = false
      const next = more ? Option.some(yield* fresh(checkpoint)) : Option.none()
      const writtenAt = Option.some(DateTime.formatIso(yield* DateTime.now))
      yield* write({
        ...checkpoint.watermark,
        writtenAt,
        epoch,
        writer,
        next: isConditional ? nextAfterBatch(current.next, readSoFar(checkpoint), next) : Option.none(),
        clean: isConditional ? Option.none() : Option.some(!more),
      })
    }),
    isOutdated: (checkpoint) => isUnclean() || isOutdated(current.next, readSoFar(checkpoint)),
  }
  return held
})
