/**
 * What a running `full` or `cdc` knows of itself: the facts behind `/metrics`, `/healthz` and the live line. It is told once
 * per look, chunk or batch, never per row, and is the process's own: nothing of it outlives it.
 *
 * Times are milliseconds since the epoch. Commit times are of the server's clock, all others of ours.
 */
import { Context } from "effect"
import type { Lsn } from "../core/Lsn.ts"
import { commitMillis } from "../core/row/CommitTime.ts"

export type Service = "source" | "lake"

export interface Look {
  readonly at: number
  readonly flushed: Lsn
  /** The log was read up to here. */
  readonly readUpTo: Lsn
  /** Log from here on is kept for the slot. */
  readonly keptFrom: Lsn
}

export interface Health {
  readonly isWell: boolean
  /** One line, without secrets and values. */
  readonly text: string
}

/**
 * The server decodes a batch before it sends the first byte of it: some seconds for a million changes, and as long as
 * reading the log takes where most of it is not ours. In this time it reads more than 100 GB of log.
 */
const longestSilence = 15 * 60_000

const iso = (millis: number): string => new Date(millis).toISOString()

export class VitalSigns {
  readonly startedAt: number
  isStandby = false
  lagBytes: number | undefined
  keptBytes: number | undefined
  /** Rows that were written, since the start. */
  rows = 0
  newestObject: string | undefined

  /** Since when success is up to this process: its start, or when it took over for the first time. */
  #since: number
  #hasWritten = false
  #lastSuccess: number | undefined
  /** When a piece was last received from the source or taken by the lake. */
  #movedAt = 0
  /** When the log was last known to be read to its end. */
  #caughtUpAt: number | undefined
  /** A bound of the oldest commit that is not in the lake; then its own time, once the batch has told it. */
  #behindSince: number | undefined
  #batchSince: number | undefined
  #oldestIsKnown = false
  #lastCommittedAt: string | undefined
  #trouble: { readonly service: Service; readonly since: number; readonly message: string } | undefined

  constructor(now: number) {
    this.startedAt = now
    this.#since = now
  }

  /** A writer begins where one before it has left the lake: what it does not know yet was bounded then. */
  beginsAfter(watermarkWrittenAt: string): void {
    const at = Date.parse(watermarkWrittenAt)
    if (at > (this.#caughtUpAt ?? 0)) this.#caughtUpAt = at
  }

  standsBy(): void {
    this.isStandby = true
    this.#behindSince = undefined
    this.lagBytes = 0
  }

  /** It may write: as the first, after another one, or again after a failure of its own. */
  takesOver(now: number): void {
    this.isStandby = false
    if (!this.#hasWritten) this.#since = now
    this.#hasWritten = true
  }

  /** Slot and log were looked at, and a batch follows where something is unread. */
  looked({ at, flushed, readUpTo, keptFrom }: Look): void {
    this.keptBytes = Math.max(0, Number(flushed - keptFrom))
    this.lagBytes = Math.max(0, Number(flushed - readUpTo))
    this.#oldestIsKnown = false
    if (this.lagBytes === 0) this.caughtUp(at, at)
    else {
      this.#batchSince = at
      this.#behindSince ??= this.#caughtUpAt ?? this.startedAt
    }
  }

  /** A piece of the source's answer has come, or the lake has taken one. */
  moves(now: number): void {
    this.#movedAt = now
  }

  /** Transactions of the batch in hand, by the commit times of the first and the last of them. */
  reads(first: string, last: string): void {
    this.#lastCommittedAt = last
    if (this.#oldestIsKnown) return
    this.#oldestIsKnown = true
    this.#behindSince = commitMillis(first) ?? this.#behindSince
  }

  /** By `now` all of the log is in the lake that there was at `asOf`. */
  caughtUp(asOf: number, now: number): void {
    this.finished(now)
    this.#caughtUpAt = asOf
    this.#behindSince = undefined
    this.lagBytes = 0
  }

  /** A batch is in the lake, and `left` bytes of log wait behind it. */
  goesOn(now: number, left: bigint): void {
    this.finished(now)
    this.#behindSince = commitMillis(this.#lastCommittedAt ?? "") ?? this.#behindSince
    this.lagBytes = Math.max(0, Number(left))
  }

  /** Rows and the newest object of a batch that is in the lake. */
  wrote(rows: number, newestObject: string | undefined): void {
    this.rows += rows
    this.newestObject = newestObject ?? this.newestObject
  }

  /** A copy of all tables begins; it ends with `finished`. */
  begins(at: number): void {
    this.#batchSince = at
    this.#trouble = undefined
  }

  finished(now: number): void {
    this.#lastSuccess = now
    this.#batchSince = undefined
  }

  failed(service: Service, since: number, message: string): void {
    this.#batchSince = undefined
    this.#trouble = { service, since, message }
  }

  healed(): void {
    this.#trouble = undefined
  }

  /** When a look found nothing, or a batch or copy was done; before the first time, since when it is up to this process. */
  get lastSuccess(): number {
    return this.#lastSuccess ?? this.#since
  }

  /**
   * Age of the oldest commit that is not in the lake; 0 where the last look found none. Where it is not known (the batch has
   * told nothing yet, source or lake are away), since the log was last known to be read to its end, or since the start.
   */
  lagSeconds(now: number): number {
    const since =
      this.#behindSince ?? (this.#trouble === undefined ? undefined : (this.#caughtUpAt ?? this.startedAt))
    return since === undefined ? 0 : Math.max(0, (now - since) / 1000)
  }

  /** Since when a batch or a copy is in hand. */
  get atWorkSince(): number | undefined {
    return this.#batchSince
  }

  /**
   * Well: it makes progress or stands by. A batch in hand is progress for as long as the server may decode it in silence,
   * and then for as long as pieces come or go. `patience`: milliseconds without a successful look.
   */
  health(now: number, patience: number): Health {
    if (this.#trouble !== undefined) {
      const { service, since, message } = this.#trouble
      return { isWell: false, text: `${service} away since ${iso(since)}, trying again: ${message}` }
    }
    if (this.isStandby) return { isWell: true, text: "standby" }
    if (this.#batchSince !== undefined) {
      const work = `at work since ${iso(this.#batchSince)}`
      const moved = Math.max(this.#batchSince, this.#movedAt)
      return now - moved > longestSilence
        ? { isWell: false, text: `${work}, but nothing was received or sent since ${iso(moved)}` }
        : { isWell: true, text: work }
    }
    return now - this.lastSuccess > patience
      ? { isWell: false, text: `no successful look at the slot since ${iso(this.lastSuccess)}` }
      : { isWell: true, text: "ok" }
  }
}

/** One for the process: where nobody gives another, all parts speak of the same. */
export const Vitals = Context.Reference<VitalSigns>("afluente/services/Vitals", {
  defaultValue: () => new VitalSigns(Date.now()),
})
