/** What is done to the program, round by round, decided from the seed before anything starts. */
import type { Random } from "../../test/support/Random.ts"
import { type Masks, noMasks } from "../rebuild/masks.ts"
import type { ChangeKind } from "./source/definitions.ts"
import type { LastingTrouble } from "./strike/StoreTrouble.ts"
import { type Strike, StrikeDraw, type StrikeOptions } from "./strike/strikes.ts"

/** What happens to the source or the store meanwhile. */
export type Weather = "calm" | "crash" | "cut" | "checkpoint" | "pooler restart" | LastingTrouble

/** Settings that say which tables and columns are carried. */
export interface Started {
  readonly masks: Masks
  /** `visita` is in SOURCE_TABLES. */
  readonly withVisita: boolean
}

export const firstStarted: Started = { masks: noMasks, withVisita: false }

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
  /** Of the process that is started next: those of the round before, most often. */
  readonly started: Started
  readonly weather: Weather
  readonly weatherAfterMillis: number
}

export interface PlanOptions extends StrikeOptions {
  readonly kills: number
  readonly pooler: boolean
  readonly without: ReadonlyArray<ChangeKind>
}

export const killsIn = ({ strike }: Round): number =>
  strike.do === "kill" || (strike.do === "hold" && strike.fate === "kill") ? 1 : 0

/** What the strike waits for, where only some sizes of an object bring it. */
const awaitedStep = (strike: Strike): "object" | "completion" | undefined => {
  const step = strike.do === "hold" ? strike.step : (strike.moment ?? "")
  return step.startsWith("completion") ? "completion" : step.startsWith("object") ? "object" : undefined
}

/** Key and mark stay as they are: by these the verdict knows a change. */
const drawMasks = (dice: Random): Masks => {
  const excluded = ["flag", "at"].filter(() => dice.is(0.3))
  const hashed = ["note", "big", "at"].filter((name) => !excluded.includes(name) && dice.is(0.4))
  return { excluded, hashed, key: `uma chave de mais de trinta bytes ${dice.between(1, 2)}` }
}

/** From a fork of its own: a kind that is turned off moves nothing else. */
const drawStarted = (before: Started, without: ReadonlyArray<ChangeKind>, dice: Random): Started => {
  const [masks, list] = [dice.is(0.08), dice.is(0.08)]
  const drawn = drawMasks(dice)
  return {
    masks: masks && !without.includes("masks") ? drawn : before.masks,
    withVisita: list && !without.includes("table list") ? !before.withVisita : before.withVisita,
  }
}

const drawRound = (
  number: number,
  { lake, pooler }: PlanOptions,
  strike: Strike,
  started: Started,
  dice: Random,
): Round => {
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
    started,
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
  const settingsDice = dice.fork("settings")
  let started = firstStarted
  const killsNothing = !options.only.includes("kill") && !options.only.includes("hold")
  for (let done = 0; done < options.kills; ) {
    if (rounds.length > 3) started = drawStarted(started, options.without, settingsDice)
    const round = drawRound(rounds.length, options, strikes.strike(), started, dice)
    rounds.push(round)
    done += killsNothing ? 1 : killsIn(round)
  }
  return rounds
}
