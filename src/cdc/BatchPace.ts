/**
 * Decides when pending WAL is read: BATCH_MIN_WAL and BATCH_MAX_WAIT make objects larger. The slot is checked at every
 * POLL_INTERVAL all the same, and what is pending stays in the slot.
 */
import { Duration, Effect, Latch } from "effect"
import type { Lsn } from "../core/Lsn.ts"

export interface PaceSettings {
  readonly pollInterval: Duration.Duration
  /** In bytes. */
  readonly batchMinWal: number
  readonly batchMaxWait: Duration.Duration
}

export class BatchPace {
  readonly #settings: () => PaceSettings
  /**
   * The first check that found WAL which is still pending, and the end of what it found; milliseconds. A writer that starts
   * does not know for how long WAL was pending before: it counts as long enough.
   */
  #oldest: { readonly at: number; readonly flushed: Lsn } | undefined
  /** True if the last check has left pending WAL for a later one. */
  #isPostponed = false
  readonly #settled = Latch.makeUnsafe(true)
  #isStopping = false
  readonly #stopping = Latch.makeUnsafe(false)

  /** `settings` are read at each check: they can change. */
  constructor(settings: () => PaceSettings) {
    this.#settings = settings
  }

  /** A writer starts or ends. */
  restart(): void {
    this.#oldest = undefined
    this.#postpone(false)
  }

  /**
   * True if the WAL between these LSNs is to be read: it is enough, or has been pending for long enough, or `cdc` stops.
   * `now`: milliseconds.
   */
  isDue(readUpTo: Lsn, flushed: Lsn, now: number): boolean {
    const { batchMinWal, batchMaxWait } = this.#settings()
    if (this.#oldest === undefined) this.#oldest = { at: Number.NEGATIVE_INFINITY, flushed }
    else if (readUpTo >= this.#oldest.flushed) this.#oldest = { at: now, flushed }
    const isDue =
      this.#isStopping ||
      Number(flushed - readUpTo) >= batchMinWal ||
      now - this.#oldest.at >= Duration.toMillis(batchMaxWait)
    this.#postpone(!isDue)
    return isDue
  }

  #postpone(isPostponed: boolean): void {
    this.#isPostponed = isPostponed
    if (isPostponed) this.#settled.closeUnsafe()
    else this.#settled.openUnsafe()
  }

  /** Waits for the next check; where WAL is postponed, until `cdc` stops at the latest. */
  get pause(): Effect.Effect<void> {
    const { pollInterval } = this.#settings()
    const sleep = Effect.sleep(pollInterval)
    return this.#isPostponed ? Effect.raceFirst(sleep, this.#stopping.await) : sleep
  }

  /** Makes everything that is pending due. Waits until the batch that was postponed has begun, or its writer has ended. */
  get drain(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isStopping = true
      this.#stopping.openUnsafe()
      return this.#settled.await
    })
  }
}

/** All that is pending is read at once. */
export const atOnce = (): BatchPace =>
  new BatchPace(() => ({ pollInterval: Duration.zero, batchMinWal: 0, batchMaxWait: Duration.zero }))
