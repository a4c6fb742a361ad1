import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { retrying } from "../src/retry/RetryPolicy.ts"

const patience = { atStart: Duration.seconds(30), later: Duration.minutes(2) }
const away = { message: "away", isRetryable: true }

/** Runs with virtual time until it ends; tells how it ended and after how many seconds. */
const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      Effect.andThen(Effect.exit(effect), (exit) =>
        Effect.map(Clock.currentTimeMillis, (at) => ({ exit, seconds: at / 1000 })),
      ),
    )
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("patience", () => {
  it.effect("gives up at the start's limit when nothing ever worked", () =>
    Effect.gen(function* () {
      const { exit, seconds } = yield* timed(retrying(patience, () => Effect.fail(away)))
      assert.strictEqual(exit._tag, "Failure")
      assert.isTrue(seconds >= 30 && seconds <= 31, `${seconds} s`)
    }),
  )

  it.effect("waits longer once something has worked", () =>
    Effect.gen(function* () {
      const { seconds } = yield* timed(
        retrying(patience, (healthy) =>
          Effect.andThen(healthy, Effect.fail(away)).pipe(Effect.delay("1 second")),
        ).pipe(Effect.timeoutOption("10 minutes")),
      )
      // Each attempt works for a moment, so that faults never last: only the timeout ends it.
      assert.strictEqual(seconds, 600)
    }),
  )

  it.effect("begins anew after an outage that healed", () =>
    Effect.gen(function* () {
      let calls = 0
      const attempt = (healthy: Effect.Effect<void>) =>
        Effect.gen(function* () {
          calls++
          const now = yield* Clock.currentTimeMillis
          // Out of reach for the first 20 s, well for an instant, then out of reach for good.
          if (now > 20_000 && now < 31_000) yield* healthy
          return yield* Effect.fail(away)
        })
      const { seconds } = yield* timed(retrying(patience, attempt))
      assert.isTrue(seconds > 140 && seconds <= 151, `${seconds} s`)
      assert.isTrue(calls < 80, `${calls} calls`)
    }),
  )

  it.effect("does not repeat what waiting cannot heal", () =>
    Effect.gen(function* () {
      let calls = 0
      const { seconds } = yield* timed(
        retrying(patience, () =>
          Effect.suspend(() => {
            calls++
            return Effect.fail({ message: "denied", isRetryable: false })
          }),
        ),
      )
      assert.deepStrictEqual([calls, seconds], [1, 0])
    }),
  )

  it.effect("gives back what succeeded in the end", () =>
    Effect.gen(function* () {
      let calls = 0
      const { exit } = yield* timed(
        retrying(patience, () =>
          Effect.suspend(() => (calls++ < 3 ? Effect.fail(away) : Effect.succeed("done"))),
        ),
      )
      assert.isTrue(exit._tag === "Success" && exit.value === "done")
    }),
  )
})
