/**
 * How far a lake is behind its source, told from outside and without reading the slot. Facts in, figures out.
 *
 * Bytes are exact: the WAL from the watermark (before the first one: from the slot's confirmed position) to the end that
 * is on the server's disk. It is the WAL of everything that the server does, not of our tables alone.
 *
 * Seconds are a bound: the oldest commit that was not read yet is at most so old. Only a reader of the slot knows its
 * time, so what is known of the reader bounds it:
 *
 *     nothing is behind the watermark       0
 *     the writer is idle after a look       since that look: all that was there it has read
 *     the writer reads, and little waits    since its statement began: a writer that had read all WAL reads on
 *     it reads much, or no writer runs      since the watermark was written
 *
 * A writer that finds nothing of ours moves the watermark only after half a segment (8 MiB) of WAL. So little WAL behind an old
 * watermark says nothing while a writer runs, and where none runs the bound is wide: what waits may be nothing of ours.
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
  /** The writer's last statement: whether it was a look and is over, and how long ago it began. */
  readonly activity: Option.Option<{ readonly isIdle: boolean; readonly seconds: number }>
  /** Log that a writer at its end may leave behind the watermark. */
  readonly leftBehind: bigint
}

/** None: not known. */
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
  const byWriter = Option.filter(facts.activity, ({ isIdle }) => isIdle || behind < facts.leftBehind).pipe(
    Option.map(({ seconds }) => seconds),
  )
  return {
    bytes: Option.some(Number(behind)),
    seconds:
      behind === 0n
        ? Option.some(0)
        : Option.orElse(byWriter, () => Option.flatMap(facts.watermark, ({ age }) => age)),
  }
}
