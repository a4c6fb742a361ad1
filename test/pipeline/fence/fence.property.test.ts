/**
 * The fence against random histories. `FENCE_HISTORIES` sets how many, `FENCE_SEED` the first: a failure names its seed,
 * with which it runs again.
 */
import { assert, describe, it } from "@effect/vitest"
import { Config, Effect, Exit, Layer, References } from "effect"
import { TestClock } from "effect/testing"
import { beginning } from "../../support/memoryWorld.ts"
import { history } from "./History.ts"
import { type Rule, rules } from "./LateLake.ts"

const quiet = Layer.succeed(References.MinimumLogLevel, "None")
const options = Config.all({
  histories: Config.withDefault(Config.Int("FENCE_HISTORIES"), 40),
  first: Config.withDefault(Config.Int("FENCE_SEED"), 1),
})

/** The first history that goes wrong, if there is one, and how many requests came late in all. */
const run = Effect.fnUntraced(function* (first: number, histories: number, without?: Rule) {
  yield* TestClock.setTime(beginning)
  const wrong: Array<string> = []
  let late = 0
  for (let seed = first; seed < first + histories && wrong.length === 0; seed++) {
    const exit = yield* Effect.exit(history(seed, without))
    if (Exit.isSuccess(exit)) late += exit.value
    else wrong.push(`seed ${seed}: ${exit.cause}`)
  }
  return { wrong, late }
})

describe("the fence", () => {
  it.effect(
    "lets each change into the lake once and in order, whenever requests are carried out",
    () =>
      Effect.gen(function* () {
        const { histories, first } = yield* options
        const { wrong, late } = yield* run(first, histories)
        assert.deepStrictEqual(wrong, [])
        assert.isAbove(late, histories, "requests that were carried out after their sender had gone")
      }).pipe(Effect.provide(quiet)),
    0,
  )

  for (const rule of rules) {
    it.effect(`needs its rule: ${rule}`, () =>
      Effect.gen(function* () {
        const { wrong } = yield* run(1, 60, rule)
        assert.isNotEmpty(wrong)
      }).pipe(Effect.provide(quiet)),
    )
  }
})
