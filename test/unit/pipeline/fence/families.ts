/** The kinds of random histories, and how many of them are run. */
import { Config, Effect, Exit, Layer, References } from "effect"
import { TestClock } from "effect/testing"
import { beginning } from "../../../support/memory/memoryWorld.ts"
import { type Course, history, type Kind } from "./model/History.ts"
import { delays } from "./model/LateLake.ts"
import { historyBesideOlder } from "./model/older/OlderHistory.ts"
import { fenceRules, olderVersionRules, type Rule, slowReadRules, waitingRules } from "./model/Rules.ts"
import { distant, incessant, spaced } from "./model/Trouble.ts"

export const quiet = Layer.succeed(References.MinimumLogLevel, "None")

/** `FENCE_HISTORIES` sets how many of each kind, `FENCE_SEED` the first. */
export const options = Config.all({
  histories: Config.withDefault(Config.Int("FENCE_HISTORIES"), 4),
  first: Config.withDefault(Config.Int("FENCE_SEED"), 1),
})

const fenced: Kind = {
  conditions: () => "all",
  delay: (random) => delays(random, 90),
  troubledSeconds: 120,
  trouble: incessant,
  isReadSlowly: false,
}

/** Few requests are late, or hardly a batch would follow the first one of a writer, which keeps its predecessor's name. */
const readSlowly: Kind = {
  conditions: () => "all",
  delay: (random, body) => (random.is(body === "object" ? 0.25 : 0.02) ? random.between(5, 90) : 0),
  troubledSeconds: 400,
  trouble: distant,
  isReadSlowly: true,
}

/** Requests arrive within the minute that is waited for. */
const unfenced: Kind = {
  conditions: (random) => random.pick(["of PutObject alone", "none"]),
  delay: (random) => delays(random, 55),
  troubledSeconds: 400,
  trouble: spaced,
  isReadSlowly: false,
}

export type Play = (seed: number, without?: Rule) => Effect.Effect<Course, unknown>

/** The first history that goes wrong, if there is one, and what happened in all of them. */
export const run = Effect.fnUntraced(function* (
  play: Play,
  first: number,
  histories: number,
  without?: Rule,
) {
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

export const families: ReadonlyArray<readonly [string, Play, ReadonlyArray<Rule>]> = [
  ["the fence", (seed, without) => history(fenced, seed, without), fenceRules],
  [
    "the fence where batches are read slowly",
    (seed, without) => history(readSlowly, seed, without),
    slowReadRules,
  ],
  [
    "the wait on a store without conditions",
    (seed, without) => history(unfenced, seed, without),
    waitingRules,
  ],
  ["a version before the fence", historyBesideOlder, olderVersionRules],
]
