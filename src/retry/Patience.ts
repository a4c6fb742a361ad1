/**
 * How long a fault is waited for, decided in one place: only faults that heal by waiting are tried again, with capped,
 * jittered back-off, and each change of state is logged once.
 */
import { Clock, Duration, Effect, Random } from "effect"
import { countRetry } from "../services/Metrics.ts"
import { Vitals } from "../services/Vitals.ts"

interface Fault {
  readonly _tag?: string
  readonly message: string
  readonly isRetryable?: boolean
}

/** Whether the same may work later, without anybody's help. */
export const healsByWaiting = (fault: Fault): boolean => fault.isRetryable === true

export interface Patience {
  /** Before source and lake have answered for the first time. */
  readonly atStart: Duration.Duration
  /** After that. */
  readonly later: Duration.Duration
}

/** What is expected to end: `full`, `cdc --once`, `init`. */
export const forAWhile: Patience = { atStart: Duration.seconds(30), later: Duration.seconds(60) }
/** `cdc`: a source that comes back after a weekend finds it still there. */
export const forEver: Patience = { atStart: Duration.seconds(30), later: Duration.infinity }

const firstDelayMillis = 250
const longestDelayMillis = 10_000

/** Milliseconds until the next try: doubling, capped, give or take a fifth, because many processes must not come back at one moment. */
export const backOff = (failures: number): Effect.Effect<number> =>
  Effect.map(Random.nextBetween(0.8, 1.2), (jitter) =>
    Math.ceil(Math.min(firstDelayMillis * 2 ** (failures - 1), longestDelayMillis) * jitter),
  )

/**
 * Runs `attempt` until it succeeds, its fault is one that waiting cannot heal, or faults have lasted too long. It is
 * given `healthy`, to be run whenever work is done: from then on patience and back-off begin anew. That is why this is
 * no `Effect.retry`, whose schedule goes on where it was after an attempt that worked for a day.
 *
 * And it is given `reached`, to be run when source and lake have answered: it is no longer the start. An answer alone
 * is no health, for a lake that is full answers every question and takes no object.
 */
export const patiently = <A, E extends Fault, R>(
  patience: Patience,
  attempt: (healthy: Effect.Effect<void>, reached: Effect.Effect<void>) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let reachedOnce = false
    let failures = 0
    let failingSince = 0

    const reached = Effect.sync(() => {
      reachedOnce = true
    })
    const healthy = Effect.flatMap(Vitals, (vitals) => {
      reachedOnce = true
      if (failures === 0) return Effect.void
      failures = 0
      vitals.healed()
      return Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.logInfo("Working again").pipe(
          Effect.annotateLogs({ after: Duration.format(Duration.millis(now - failingSince)) }),
        ),
      )
    })
    const again = (error: E): Effect.Effect<A, E, R> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (failures === 0) failingSince = now
        const limit = reachedOnce ? patience.later : patience.atStart
        const left = Duration.toMillis(limit) - (now - failingSince)
        if (!healsByWaiting(error) || left <= 0) return yield* Effect.fail(error)
        failures++
        const service = error._tag === "StoreError" ? "lake" : "source"
        ;(yield* Vitals).failed(service, failingSince, error.message)
        yield* countRetry(service)
        if (failures === 1) {
          yield* Effect.logWarning(error.message).pipe(
            Effect.annotateLogs({
              tryingAgainFor: Duration.isFinite(limit) ? Duration.format(limit) : "ever",
            }),
          )
        }
        yield* Effect.sleep(Duration.millis(Math.min(yield* backOff(failures), left)))
        return yield* loop
      })
    const loop: Effect.Effect<A, E, R> = Effect.suspend(() =>
      Effect.catch(
        Effect.tap(attempt(healthy, reached), () => healthy),
        again,
      ),
    )
    return loop
  })
