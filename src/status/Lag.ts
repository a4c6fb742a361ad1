/**
 * Computes how far a lake is behind its source, without reading the slot.
 *
 * Bytes are exact: the WAL from the watermark (before the first one, from the slot's confirmed LSN) to the flushed LSN. This
 * is the WAL of everything that the server does, not only of our tables.
 *
 * Seconds are an upper bound for the age of the oldest commit that was not read yet. Only a reader of the slot knows the
 * commit's time, so that the bound comes from what is known about the reader:
 *
 *     no WAL after the watermark            0
 *     the writer is idle after a poll       since that poll, which read everything, but for what `postponedFor` allows
 *     the writer reads, and lag is small    since its statement began: before that it had read all WAL
 *     the lag is large, or no writer runs   since the watermark was written
 *
 * A writer that reads no changes of our tables advances the watermark only after half a segment (8 MiB) of WAL. So a small lag
 * and an old watermark are normal while a writer runs. If none runs, the bound is wide: the WAL may hold no change of ours.
 */
import { Option } from "effect"
import type { Lsn } from "../core/Lsn.ts"

export interface LagFacts {
  readonly flushed: Lsn
  readonly watermark: Option.Option<{
    readonly position: Lsn
    /** Seconds ago. */
    readonly age: Option.Option<number>
  }>
  readonly confirmed: Option.Option<Lsn>
  /** The writer's last statement: whether it was a poll and is over, and how many seconds ago it began. */
  readonly activity: Option.Option<{ readonly isIdle: boolean; readonly seconds: number }>
  /** Bytes of WAL after the watermark that a writer may leave unwritten when it has read everything. */
  readonly leftBehind: bigint
  /** Seconds for which a writer that polls may leave WAL unread. */
  readonly postponedFor: number
}

/** None: unknown. */
export interface Lag {
  readonly bytes: Option.Option<number>
  readonly seconds: Option.Option<number>
}

export const unknownLag: Lag = { bytes: Option.none(), seconds: Option.none() }

export const lagOf = (facts: LagFacts): Lag => {
  const from = Option.orElse(
    Option.map(facts.watermark, ({ position }) => position),
    () => facts.confirmed,
  )
  if (Option.isNone(from)) return unknownLag
  const behind = facts.flushed > from.value ? facts.flushed - from.value : 0n
  const byWatermark = Option.flatMap(facts.watermark, ({ age }) => age)
  const byWriter = Option.filter(facts.activity, ({ isIdle }) => isIdle || behind < facts.leftBehind).pipe(
    Option.map(({ seconds }) => seconds + facts.postponedFor),
  )
  return {
    bytes: Option.some(Number(behind)),
    seconds:
      behind === 0n
        ? Option.some(0)
        : Option.orElse(
            Option.zipWith(byWriter, byWatermark, (one, other) =>
              facts.postponedFor > 0 ? Math.min(one, other) : one,
            ),
            () => Option.orElse(byWriter, () => byWatermark),
          ),
  }
}
