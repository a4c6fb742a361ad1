/**
 * How writers of one lake are kept apart by the lake itself, decided as data. A lock on the source cannot do it alone: a
 * request that the store carries out after its sender has died, or a writer that was frozen, comes after every lock.
 *
 * 1. A take-over replaces the watermark under the condition that it is the one that was read, and raises `epoch`. From
 *    then on no older writer can announce or confirm anything.
 * 2. The names of objects are announced (`next`) before the first request for one. The successor gives its own objects the
 *    same names, so the store accepts only one of a late object and its own.
 * 3. An announcement that was taken over is kept until all WAL is read that the predecessor can have read (`bound`).
 *
 * A store that ignores conditions would turn announced names into losses. There a successor waits instead.
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

/** `conditions`: the store refuses what a late request would do. `waiting`: late requests are given time to arrive. */
export type Fencing = "conditions" | "waiting"

/** The name of a dataset's next object: what is announced where that is new, else the one after its newest. */
export const nameAfter = (announced: ObjectName, newest: Option.Option<Stamp>): ObjectName =>
  Option.isNone(newest) || isLater(announced.stamp, newest.value)
    ? announced
    : { stamp: stampAfter(newest.value), ending: announced.ending }

/** Later than every newest object, also where the clock has stepped back. `now`: milliseconds since the epoch. */
export const announcement = (newest: ReadonlyArray<Stamp>, now: number, ending: ObjectEnding): ObjectName => {
  const latest = newest.reduce<Option.Option<Stamp>>(
    (found, stamp) => (Option.exists(found, (other) => !isLater(stamp, other)) ? found : Option.some(stamp)),
    Option.none(),
  )
  return { stamp: nextStamp(latest, now), ending }
}

/** How long an announcement holds, in milliseconds: the time in a name is at most this old when its batch's first object is begun. */
const announcementHolds = Duration.toMillis("60 seconds")

/** How far the WAL is read, and how far the predecessor can have read it. */
export interface ReadSoFar {
  readonly readUpTo: Lsn
  readonly bound: Lsn
}

/** Whether a late object of the predecessor is still possible: it must then collide with a name that we use. */
const isPredecessorsKept = ({ readUpTo, bound }: ReadSoFar): boolean => readUpTo < bound

/** The announcement that still holds for the next objects; none where a new one must be made. */
export const holding = (
  next: Option.Option<ObjectName>,
  read: ReadSoFar,
  now: number,
): Option.Option<ObjectName> =>
  Option.filter(
    next,
    ({ stamp }) => isPredecessorsKept(read) || now - stampMillis(stamp) <= announcementHolds,
  )

/** Whether the watermark still announces names although everything is read that they could be for. */
export const isOutdated = (next: Option.Option<ObjectName>, read: ReadSoFar): boolean =>
  Option.isSome(next) && !isPredecessorsKept(read)

/** What the watermark of a batch announces: its objects are all answered, so only a predecessor's may be under way. */
export const nextAfterBatch = (
  next: Option.Option<ObjectName>,
  read: ReadSoFar,
  fresh: Option.Option<ObjectName>,
): Option.Option<ObjectName> => (isPredecessorsKept(read) && Option.isSome(next) ? next : fresh)

/** What a take-over finds. */
export interface Found {
  readonly watermark: Option.Option<Watermark>
  /** Objects of `inc` are there, whatever the watermark says. */
  readonly hasObjects: boolean
  readonly fencing: Fencing
  readonly timeline: Option.Option<number>
}

/** Longer than any request lives. */
export const requestsLive = Duration.seconds(60)

/** Why a request of an earlier writer may still arrive that no condition would refuse; none where that cannot be. */
export const reasonToWait = ({ watermark, hasObjects, fencing, timeline }: Found): Option.Option<string> => {
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
