/**
 * The program's ways to keep writers apart, against random histories. `FENCE_HISTORIES` sets how many of each kind,
 * `FENCE_SEED` the first: a failure names its seed, with which it runs again.
 */
import { assert, describe, it } from "@effect/vitest"
import { Config, Effect, Exit, Layer, References } from "effect"
import { TestClock } from "effect/testing"
import { beginning } from "../../../support/memory/memoryWorld.ts"
import { type Course, history, type Kind } from "./model/History.ts"
import { historyBesideOlder } from "./model/OlderHistory.ts"
import { fenceRules, goesWrongAt, olderVersionRules, type Rule, waitingRules } from "./model/Rules.ts"
import { incessant, spaced } from "./model/Trouble.ts"

const quiet = Layer.succeed(References.MinimumLogLevel, "None")
const options = Config.all({
  histories: Config.withDefault(Config.Int("FENCE_HISTORIES"), 4),
  first: Config.withDefault(Config.Int("FENCE_SEED"), 1),
})

const fenced: Kind = {
  conditions: () => "all",
  longestDelay: 90,
  troubledSeconds: 120,
  trouble: incessant,
}

/** Requests arrive within the minute that is waited for. */
const unfenced: Kind = {
  conditions: (random) => random.pick(["of PutObject alone", "none"]),
  longestDelay: 55,
  troubledSeconds: 400,
  trouble: spaced,
}

type Play = (seed: number, without?: Rule) => Effect.Effect<Course, unknown>

/** The first history that goes wrong, if there is one, and what happened in all of them. */
const run = Effect.fnUntraced(function* (play: Play, first: number, histories: number, without?: Rule) {
  yield* TestClock.setTime(beginning)
  const wrong: Array<string> = []
  const course = { late: 0, refused: 0 }
  for (let seed = first; seed < first + histories && wrong.length === 0; seed++) {
    const exit = yield* Effect.exit(play(seed, without))
    if (Exit.isSuccess(exit)) {
      course.late += exit.value.late
      course.refused += exit.value.refused
    } else wrong.push(`seed ${seed}: ${exit.cause}`)
  }
  return { wrong, ...course }
})

const families: ReadonlyArray<readonly [string, Play, ReadonlyArray<Rule>]> = [
  ["the fence", (seed, without) => history(fenced, seed, without), fenceRules],
  [
    "the wait on a store without conditions",
    (seed, without) => history(unfenced, seed, without),
    waitingRules,
  ],
  ["a version before the fence", historyBesideOlder, olderVersionRules],
]

for (const [name, play, rules] of families) {
  describe(name, () => {
    it.effect(
      "lets each change into the lake once and in order, whenever requests are carried out",
      () =>
        Effect.gen(function* () {
          const { histories, first } = yield* options
          const { wrong, late, refused } = yield* Effect.provide(run(play, first, histories), quiet)
          process.stdout.write(
            `${name}: ${histories} histories, ${late} late requests, ${refused} refused starts\n`,
          )
          assert.deepStrictEqual(wrong, [])
          // One history alone may have none: it is run to see it again.
          if (histories > 3) assert.isAbove(late, 0, "requests carried out after their sender had gone")
        }),
      0,
    )

    for (const rule of rules) {
      it.effect(`needs its rule: ${rule}`, () =>
        Effect.gen(function* () {
          const { wrong } = yield* run(play, goesWrongAt[rule], 60, rule)
          assert.isNotEmpty(wrong)
        }).pipe(Effect.provide(quiet)),
      )
    }
  })
}
