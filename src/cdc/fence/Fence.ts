/**
 * The rules of the fence: how the lake itself keeps its writers apart, decided as data. A lock on the source is not enough,
 * because a request of a dead or frozen writer can arrive after its lock was released.
 *
 * 1. A take-over replaces the watermark under the condition that it is the one that was read, and raises `epoch`. From
 *    then on no older writer can announce or confirm anything.
 * 2. The names of objects are announced (`next`) before the first request for one. The next writer gives its own objects the
 *    same names, so the store accepts either a late object or the new one, never both.
 * 3. The next writer keeps an announcement until it has read all WAL that the predecessor can have read (`bound`).
 *
 * A store that ignores conditions would let a late object replace a new one. There the next writer waits instead.
 */
import { Duration, Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { ObjectEnding } from "../../core/lake/ObjectEnding.ts"
import {
  isLater,
  nextStamp,
  type ObjectName,
  type Stamp,
  stampAfter,
  stampMillis,
} from "../../core/lake/ObjectKey.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"

/** `conditions`: the store refuses late requests. `waiting`: a take-over waits until late requests have arrived. */
export type Fencing = "conditions" | "waiting"

/** Returns the name of a dataset's next object: the announced one if it is later than its newest, else the next free one. */
export const nameAfter = (announced: ObjectName, newest: Option.Option<Stamp>): ObjectName =>
  Option.isNone(newest) || isLater(announced.stamp, newest.value)
    ? announced
    : { stamp: stampAfter(newest.value), ending: announced.ending }

/** Returns a name later than every newest object, also after the clock has stepped back. `now`: milliseconds since 1970. */
export const announcement = (newest: ReadonlyArray<Stamp>, now: number, ending: ObjectEnding): ObjectName => {
  const latest = newest.reduce<Option.Option<Stamp>>(
    (found, stamp) => (Option.exists(found, (other) => !isLater(stamp, other)) ? found : Option.some(stamp)),
    Option.none(),
  )
  return { stamp: nextStamp(latest, now), ending }
}

/** How long an announcement is used, in milliseconds: the time in a name is at most this old when its batch begins writing. */
const announcementLifetime = Duration.toMillis("60 seconds")

/** How far the WAL is read (`readUpTo`), and how far the predecessor can have read it (`bound`). */
export interface ReadSoFar {
  readonly readUpTo: Lsn
  readonly bound: Lsn
}

/** True while a late object of the predecessor is possible. Its name must then be one that we use. */
const mayPredecessorWrite = ({ readUpTo, bound }: ReadSoFar): boolean => readUpTo < bound

/** The announcement to use for the next objects; none if a new one is needed. */
export const validAnnouncement = (
  next: Option.Option<ObjectName>,
  read: ReadSoFar,
  now: number,
): Option.Option<ObjectName> =>
  Option.filter(
    next,
    ({ stamp }) => mayPredecessorWrite(read) || now - stampMillis(stamp) <= announcementLifetime,
  )

/**
 * The announcement to use for the next objects of a batch; none if a new one is needed. `isNaming`: the batch has named an
 * object. It keeps its first announcement, however long it is read: the next writer knows only one announcement, so that must
 * not be replaced while a request for an object with that name may be in flight.
 */
export const announcementInBatch = (
  next: Option.Option<ObjectName>,
  isNaming: boolean,
  read: ReadSoFar,
  now: number,
): Option.Option<ObjectName> => (isNaming ? next : validAnnouncement(next, read, now))

/** True if the watermark still announces names that no late object can have any more. */
export const isOutdated = (next: Option.Option<ObjectName>, read: ReadSoFar): boolean =>
  Option.isSome(next) && !mayPredecessorWrite(read)

/** What the watermark of a batch announces. All objects of the batch are stored, so only a predecessor's may be in flight. */
export const nextAfterBatch = (
  next: Option.Option<ObjectName>,
  read: ReadSoFar,
  fresh: Option.Option<ObjectName>,
): Option.Option<ObjectName> => (mayPredecessorWrite(read) && Option.isSome(next) ? next : fresh)

/** The facts that a take-over decides by. */
export interface TakeOverFacts {
  readonly watermark: Option.Option<Watermark>
  /** True if `inc` holds objects, whatever the watermark says. */
  readonly hasObjects: boolean
  readonly fencing: Fencing
  readonly timeline: Option.Option<number>
}

/** No request is in flight for longer. */
export const requestLifetime = Duration.seconds(60)

/** Returns why a request of an earlier writer may still arrive and be accepted; none if that is impossible. */
export const reasonToWait = ({
  watermark,
  hasObjects,
  fencing,
  timeline,
}: TakeOverFacts): Option.Option<string> => {
  if (Option.isNone(watermark)) {
    return hasObjects ? Option.some("the lake has objects and no watermark") : Option.none()
  }
  const { epoch, clean, next, timeline: known } = watermark.value
  if (Option.isNone(epoch))
    return Option.some("the watermark has no epoch, so an older version or a person wrote it")
  if (Option.isSome(known) && Option.isSome(timeline) && known.value !== timeline.value) {
    return Option.some(`the source has gone from timeline ${known.value} to ${timeline.value}`)
  }
  if (Option.contains(clean, false))
    return Option.some("the writer before did not end in order, and the store honours no conditions")
  return fencing === "waiting" && Option.isSome(next)
    ? Option.some("the store does not honour conditions any more")
    : Option.none()
}
