/** What is done to the program, round by round, decided from the seed before anything starts. */
import type { Random } from "../../test/support/Random.ts"
import type { LastingTrouble } from "./strike/StoreTrouble.ts"
import { type Strike, StrikeDraw, type StrikeOptions } from "./strike/strikes.ts"

/** What happens to the source or the store meanwhile. */
export type Weather = "calm" | "crash" | "cut" | "checkpoint" | "pooler restart" | LastingTrouble

export interface Round {
  readonly strike: Strike
  /** A second process stands by and takes over. */
  readonly standby: boolean
  /** Kills the one that waits instead of the one that writes. */
  readonly victim: "writer" | "standby"
  /** A transaction large enough for an object in parts is written. */
  readonly bulk: boolean
  /** `BATCH_MAX_CHANGES` of the process that is started next. */
  readonly batchMax: number
  readonly weather: Weather
  readonly weatherAfterMillis: number
}

export interface PlanOptions extends StrikeOptions {
  readonly kills: number
  readonly pooler: boolean
}

export const killsIn = ({ strike }: Round): number =>
  strike.do === "kill" || (strike.do === "hold" && strike.fate === "kill") ? 1 : 0

/** What the strike waits for, where only some sizes of an object bring it. */
const awaitedStep = (strike: Strike): "object" | "completion" | undefined => {
  const step = strike.do === "hold" ? strike.step : (strike.moment ?? "")
  return step.startsWith("completion") ? "completion" : step.startsWith("object") ? "object" : undefined
}

const drawRound = (number: number, { lake, pooler }: PlanOptions, strike: Strike, dice: Random): Round => {
  const mayStandBy = dice.is(strike.do === "hold" ? 0.5 : 0.2) && number > 5
  const needsStandby =
    strike.do === "freeze" ||
    strike.do === "session" ||
    (strike.do === "hold" && !/kill|none/.test(strike.fate))
  const standby = needsStandby || (mayStandBy && !(strike.do === "hold" && strike.fate === "none"))
  const awaited = awaitedStep(strike)
  // Bulk alone makes no object in one request: who waits for one would wait for ever.
  const bulk = awaited === "completion" || (dice.is(0.05) && awaited !== "object")
  const isS3 = lake === "s3"
  const weather = dice.weighted({
    calm: 68,
    crash: 7,
    cut: 6,
    checkpoint: 6,
    "pooler restart": pooler ? 8 : 0,
    denied: isS3 ? 2 : 0,
    "read-only": isS3 ? 3 : 0,
    busy: isS3 ? 4 : 0,
    slow: isS3 ? 6 : 0,
  } satisfies Record<Weather, number>)
  return {
    strike,
    standby,
    victim: strike.do === "kill" && standby && dice.is(0.15) ? "standby" : "writer",
    bulk,
    batchMax: dice.pick([1, 20, 300, 1_000_000, 1_000_000, 1_000_000]),
    // What the writer loses its session by shall meet slow requests.
    weather: strike.do === "session" && isS3 ? "slow" : weather,
    weatherAfterMillis: strike.do === "session" ? 0 : dice.between(0, 1500),
  }
}

/** Rounds with so many kills; where nothing is killed, so many rounds. */
export const planRounds = (options: PlanOptions, dice: Random): ReadonlyArray<Round> => {
  const strikes = new StrikeDraw(options, dice)
  const rounds: Array<Round> = []
  const killsNothing = !options.only.includes("kill") && !options.only.includes("hold")
  for (let done = 0; done < options.kills; ) {
    const round = drawRound(rounds.length, options, strikes.strike(), dice)
    rounds.push(round)
    done += killsNothing ? 1 : killsIn(round)
  }
  return rounds
}
