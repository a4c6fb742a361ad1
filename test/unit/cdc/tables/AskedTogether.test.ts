import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result } from "effect"
import { askedTogether } from "../../../../src/cdc/AskedTogether.ts"

/** Each look waits until it is let go. */
const open = Effect.gen(function* () {
  const looks: Array<Deferred.Deferred<void, "failed">> = []
  const ask = yield* askedTogether(
    Effect.gen(function* () {
      const answer = yield* Deferred.make<void, "failed">()
      looks.push(answer)
      yield* Deferred.await(answer)
    }),
  )
  const asking = Effect.tap(Effect.forkChild(ask, { startImmediately: true }), Effect.yieldNow)
  /** A look begins some steps of the fibers after what lets it begin. */
  const look = Effect.fnUntraced(function* (number: number) {
    for (let steps = 0; looks[number] === undefined && steps < 100; steps++) yield* Effect.yieldNow
    return looks[number] ?? assert.fail("no such look")
  })
  const settled = Effect.repeat(Effect.yieldNow, { times: 10 })
  const answer = (number: number) =>
    Effect.flatMap(look(number), (one) => Effect.andThen(Deferred.succeed(one, undefined), settled))
  const fail = (number: number) => Effect.flatMap(look(number), (one) => Deferred.fail(one, "failed"))
  return { looks, asking, answer, fail }
})

describe("Asked together", () => {
  it.effect("those who ask while a look runs share the next one, which begins after their question", () =>
    Effect.gen(function* () {
      const { looks, asking, answer } = yield* open
      yield* asking
      const waiting = [yield* asking, yield* asking, yield* asking]
      yield* answer(0)
      assert.strictEqual(looks.length, 2)
      assert.isTrue(waiting.every((one) => one.pollUnsafe() === undefined))
      yield* answer(1)
      yield* Effect.forEach(waiting, Fiber.join)
      assert.strictEqual(looks.length, 2)
    }),
  )

  it.effect("a failed look answers nobody else", () =>
    Effect.gen(function* () {
      const { asking, answer, fail } = yield* open
      const first = yield* asking
      yield* answer(0)
      yield* Fiber.join(first)
      const second = yield* asking
      const third = yield* asking
      yield* fail(1)
      assert.isTrue(Result.isFailure(yield* Effect.result(Fiber.join(second))))
      yield* answer(2)
      yield* Fiber.join(third)
    }),
  )
})
