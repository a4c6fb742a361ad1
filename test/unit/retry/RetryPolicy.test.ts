import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { PipelineEvents } from "../../../src/observe/PipelineEvents.ts"
import { reportHealthy, retrying } from "../../../src/retry/RetryPolicy.ts"

const policy = { atStart: Duration.seconds(30), later: Duration.minutes(2) }
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

describe("retrying", () => {
  it.effect("gives up at the start's limit when nothing ever worked", () =>
    Effect.gen(function* () {
      const { exit, seconds } = yield* timed(retrying(policy, Effect.fail(away)))
      assert.strictEqual(exit._tag, "Failure")
      assert.isTrue(seconds >= 30 && seconds <= 31, `${seconds} s`)
    }),
  )

  it.effect("waits longer once something has worked", () =>
    Effect.gen(function* () {
      const { seconds } = yield* timed(
        retrying(
          policy,
          Effect.andThen(reportHealthy, Effect.fail(away)).pipe(Effect.delay("1 second")),
        ).pipe(Effect.timeoutOption("10 minutes")),
      )
      // Each attempt works for a moment, so that faults never last: only the timeout ends it.
      assert.strictEqual(seconds, 600)
    }),
  )

  it.effect("begins anew after an outage that healed", () =>
    Effect.gen(function* () {
      let calls = 0
      const attempt = Effect.gen(function* () {
        calls++
        const now = yield* Clock.currentTimeMillis
        // Out of reach for the first 20 s, well for an instant, then out of reach for good.
        if (now > 20_000 && now < 31_000) yield* reportHealthy
        return yield* Effect.fail(away)
      })
      const { seconds } = yield* timed(retrying(policy, attempt))
      assert.isTrue(seconds > 140 && seconds <= 151, `${seconds} s`)
      assert.isTrue(calls < 80, `${calls} calls`)
    }),
  )

  it.effect("does not repeat an error that is not transient", () =>
    Effect.gen(function* () {
      let calls = 0
      const { seconds } = yield* timed(
        retrying(
          policy,
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
        retrying(
          policy,
          Effect.suspend(() => (calls++ < 3 ? Effect.fail(away) : Effect.succeed("done"))),
        ),
      )
      assert.isTrue(exit._tag === "Success" && exit.value === "done")
    }),
  )

  it.effect("reports each failure that it retries, with the time of the first, and the recovery", () =>
    Effect.gen(function* () {
      const events: Array<PipelineEvent> = []
      let calls = 0
      yield* timed(
        retrying(
          policy,
          Effect.suspend(() =>
            calls++ < 2 ? Effect.fail({ ...away, _tag: "StoreError" }) : Effect.succeed("done"),
          ),
        ).pipe(
          Effect.provideService(PipelineEvents, {
            publish: (event) => Effect.sync(() => void events.push(event)),
          }),
        ),
      )
      const [first, second, last] = events
      const failure = { service: "lake", since: 0, message: "away", limit: 30_000 } as const
      assert.deepInclude(first, { _tag: "RetryBegan", at: 0, failures: 1, ...failure })
      assert.deepInclude(second, { _tag: "RetryBegan", failures: 2, ...failure })
      assert.deepInclude(last, { _tag: "Recovered", since: 0 })
      assert.lengthOf(events, 3)
    }),
  )
})
