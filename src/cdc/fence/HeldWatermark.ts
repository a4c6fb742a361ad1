/**
 * The watermark as one writer holds it. Each write replaces the version that this writer wrote or took over. So a writer
 * whose lake was taken over can neither announce nor confirm. Several fibers may call `nameObject` at once, but not during
 * `confirm`.
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
import {
  announcement,
  announcementInBatch,
  type Fencing,
  isOutdated,
  nameAfter,
  nextAfterBatch,
} from "./Fence.ts"

export interface HeldWatermark {
  /** How this writer's objects become visible. */
  readonly publish: Publish
  /**
   * Returns the name of a dataset's next object, after its `newest`. Writes an announcement first if none is valid; it then
   * holds for all objects of the batch, however long the batch is read. Call it before the first request for the object, and
   * after the previous object of the dataset is stored. Fails with `Fenced` after another writer has taken over.
   */
  readonly nameObject: (
    checkpoint: Checkpoint,
    newest: Option.Option<Stamp>,
  ) => Effect.Effect<ObjectName, StoreError>
  /**
   * Writes the watermark of the checkpoint. Call it when all requests for objects are answered. `more`: the slot has more
   * changes to read.
   */
  readonly confirm: (checkpoint: Checkpoint, more: boolean) => Effect.Effect<void, StoreError>
  /**
   * True if the watermark announces names that are no longer needed, or says that requests may be in flight. It is then
   * confirmed although the lake has not changed.
   */
  readonly isOutdated: (checkpoint: Checkpoint) => boolean
}

/**
 * Makes this process the writer: from then on the store refuses every conditional write of the one before. `stored` is the
 * watermark that was read; `bound` is the flushed LSN, read with the lock held. Fails with `Fenced` if another was faster.
 */
export const takeWatermark = Effect.fn("HeldWatermark.takeWatermark")(function* (
  watermark: Watermark,
  stored: Option.Option<StoredWatermark>,
  fencing: Fencing,
  bound: Lsn.Lsn,
) {
  const store = yield* WatermarkStore
  const { ending } = yield* RowFormat
  const lastEpoch = Option.match(stored, { onNone: () => 0, onSome: (known) => known.lastEpoch })
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
    // This request may itself arrive late. It must not say then that no request of the next writer is in flight.
    clean: isConditional ? Option.none() : Option.some(false),
  }
  let version = Option.map(stored, (known) => known.version)
  /** Objects have been named since the last batch ended, so that requests for them may be in flight. */
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
    const held = announcementInBatch(current.next, isNaming, readSoFar(checkpoint), now)
    isNaming = true
    if (Option.isSome(held)) return held.value
    const next = yield* fresh(checkpoint)
    yield* write({ ...current, next: Option.some(next) })
    return next
  })

  /** True if the watermark says that requests may be in flight. */
  const isUnclean = () => Option.contains(current.clean, false)

  const nameUnfenced = Effect.fnUntraced(function* (newest: Option.Option<Stamp>) {
    if (!isUnclean()) yield* write({ ...current, clean: Option.some(false) })
    const stamp = nextStamp(newest, yield* Clock.currentTimeMillis)
    return { stamp, ending }
  })

  // A second fiber waits for the announcement in flight and uses it too.
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
