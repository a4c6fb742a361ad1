/**
 * Retries transient errors with capped, jittered back-off. Only this file decides which errors are transient, and how long
 * they are retried.
 */
import { Clock, Context, Duration, Effect, Random } from "effect"
import { publish } from "../observe/PipelineEvents.ts"

interface Failure {
  readonly _tag?: string
  readonly message: string
  readonly isRetryable?: boolean
}

/** True if the same call may succeed later without help. */
export const isTransient = (error: Failure): boolean => error.isRetryable === true

/** How long failures in a row are retried. */
export interface RetryPolicy {
  /** Before source and lake have answered for the first time. */
  readonly atStart: Duration.Duration
  /** After that. */
  readonly later: Duration.Duration
}

/** For commands that end: `full`, `cdc --once`, `init`. */
export const limitedRetry: RetryPolicy = { atStart: Duration.seconds(30), later: Duration.seconds(60) }
/** For `cdc`: it still runs when a source comes back after a weekend. */
export const unlimitedRetry: RetryPolicy = { atStart: Duration.seconds(30), later: Duration.infinity }

const firstDelayMillis = 250
const longestDelayMillis = 10_000

/**
 * Milliseconds until the next attempt after `failures` failures: doubling, capped, plus or minus a fifth, so that many
 * processes do not return at once.
 */
export const backOff = (failures: number): Effect.Effect<number> =>
  Effect.map(Random.nextBetween(0.8, 1.2), (jitter) =>
    Math.ceil(Math.min(firstDelayMillis * 2 ** (failures - 1), longestDelayMillis) * jitter),
  )

/** Callbacks of a running attempt. Outside of `retrying` they do nothing. */
const Attempt = Context.Reference<{
  readonly healthy: Effect.Effect<void>
  readonly answered: Effect.Effect<void>
}>("afluente/retry/Attempt", { defaultValue: () => ({ healthy: Effect.void, answered: Effect.void }) })

/** Run it whenever work succeeds: policy and back-off then begin anew. */
export const reportHealthy: Effect.Effect<void> = Effect.flatMap(Attempt, ({ healthy }) => healthy)

/**
 * Run it when source and lake have answered: the limit is then `later`. An answer alone is not health, because a full lake
 * answers every request and accepts no object.
 */
export const reportAnswered: Effect.Effect<void> = Effect.flatMap(Attempt, ({ answered }) => answered)

/**
 * Runs `attempt` until it succeeds. Fails with its error if that is permanent, or if failures have lasted longer than the
 * policy allows. Publishes `RetryBegan` for each failure that it retries, and `Recovered`.
 *
 * `attempt` may run `reportHealthy` and `reportAnswered`. `Effect.retry` cannot replace this: its schedule does not begin anew
 * after an attempt that worked for a day.
 */
export const retrying = <A, E extends Failure, R>(
  policy: RetryPolicy,
  attempt: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let hasAnswered = false
    let failures = 0
    let failingSince = 0

    const answered = Effect.sync(() => {
      hasAnswered = true
    })
    const healthy = Effect.suspend(() => {
      hasAnswered = true
      if (failures === 0) return Effect.void
      failures = 0
      const since = failingSince
      return publish((at) => ({ _tag: "Recovered", at, since }))
    })
    const again = (error: E): Effect.Effect<A, E, R> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (failures === 0) failingSince = now
        const limit = Duration.toMillis(hasAnswered ? policy.later : policy.atStart)
        const left = limit - (now - failingSince)
        if (!isTransient(error) || left <= 0) return yield* Effect.fail(error)
        failures++
        const failure = {
          service: error._tag === "StoreError" ? "lake" : "source",
          since: failingSince,
          failures,
          message: error.message,
          limit: Number.isFinite(limit) ? limit : undefined,
        } as const
        yield* publish((at) => ({ _tag: "RetryBegan", at, ...failure }))
        yield* Effect.sleep(Duration.millis(Math.min(yield* backOff(failures), left)))
        return yield* loop
      })
    const reporting = Effect.provideService(attempt, Attempt, { healthy, answered })
    const loop: Effect.Effect<A, E, R> = Effect.suspend(() =>
      Effect.catch(
        Effect.tap(reporting, () => healthy),
        again,
      ),
    )
    return loop
  })
