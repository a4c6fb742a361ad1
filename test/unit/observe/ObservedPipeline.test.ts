/** Publishing, with and without somebody who observes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"
import { CurrentStatus, layer } from "../../../src/observe/ObservedPipeline.ts"
import { publish } from "../../../src/observe/PipelineEvents.ts"
import { start, twoDatasets } from "../../support/memory/pipelineEvents.ts"

const retryBegan = publish((at) => ({
  _tag: "RetryBegan",
  at,
  service: "lake",
  since: at,
  failures: 1,
  message: "away",
  limit: 60_000,
}))

/** The messages that a program logs. */
const logged = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const messages: Array<unknown> = []
    const logger = Logger.make(({ message }) => void messages.push(message))
    return Effect.as(Effect.provide(program, Logger.layer([logger])), messages)
  })

const counters = Effect.map(Metric.snapshot, (all) =>
  all
    .filter(({ id }) => id === "afluente_objects_total")
    .map(({ attributes, state }) => [attributes, "count" in state && state.count]),
)

describe("an event that nobody observes", () => {
  it.effect("becomes its log line", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* logged(retryBegan), [["away"]])
    }),
  )

  it.effect("is counted by nobody", () =>
    Effect.gen(function* () {
      yield* publish((at) => ({ _tag: "ObjectsPublished", at, datasets: twoDatasets }))
      assert.deepStrictEqual(yield* counters, [])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  )
})

describe("an observed pipeline", () => {
  it.effect("starts when it is first observed", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const status = yield* Effect.provide(
        Effect.flatMap(CurrentStatus, ({ get }) => get),
        layer,
      )
      assert.strictEqual(status.startedAt, start)
    }),
  )

  it.effect("has the status that follows from its events, at the times of the clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      yield* retryBegan
      const { retry } = yield* (yield* CurrentStatus).get
      assert.deepStrictEqual(retry, { service: "lake", since: start, message: "away" })
    }).pipe(Effect.provide(layer)),
  )

  it.effect("logs its lines too", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* logged(retryBegan), [["away"]])
    }).pipe(Effect.provide(layer)),
  )

  it.effect("counts objects by dataset", () =>
    Effect.gen(function* () {
      const published = publish((at) => ({ _tag: "ObjectsPublished", at, datasets: twoDatasets }))
      yield* Effect.andThen(published, published)
      assert.deepStrictEqual(yield* counters, [
        [{ dataset: "clientes" }, 4],
        [{ dataset: "pedidos" }, 2],
      ])
    }).pipe(Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map())),
  )
})
