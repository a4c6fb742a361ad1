/** What is done to the program, round by round, decided from the seed before anything starts. */
import type { Dice } from "./Dice.ts"
import type { LastingTrouble } from "./StoreTrouble.ts"
import { type DurableStep, type Moment, moments } from "./steps.ts"

/** What happens to the source or the store meanwhile. */
export type Weather = "calm" | "crash" | "cut" | "checkpoint" | "pooler restart" | LastingTrouble

/** How a writer loses its place. `restart` is PostgreSQL's, in good order; `none`: it goes on. */
export type Fate = "kill" | "freeze" | "terminate" | "restart" | "cut" | "none"

/** A held request goes on so long after this has happened to it or to the successor of its sender. */
export interface Release {
  readonly after: "fate" | Moment
  readonly delayMillis: number
}

export type Strike =
  | {
      readonly do: "kill"
      readonly moment: Moment | undefined
      readonly skip: number
      readonly afterMillis: number
    }
  | {
      readonly do: "hold"
      readonly step: DurableStep
      readonly skip: number
      readonly fate: Fate
      readonly release: Release
    }
  | {
      readonly do: "freeze"
      readonly moment: Moment
      readonly skip: number
      readonly seconds: number
      /** `pg_terminate_backend` on the frozen lock holder, so that a standby takes over meanwhile. */
      readonly terminateAfterMillis: number | undefined
    }
  | {
      readonly do: "session"
      readonly moment: Moment
      readonly skip: number
      readonly how: "terminate" | "restart" | "cut"
    }

export type Act = Strike["do"]
export const acts = ["kill", "hold", "freeze", "session"] as const satisfies ReadonlyArray<Act>

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

export interface PlanOptions {
  readonly kills: number
  readonly lake: "s3" | "folder"
  readonly only: ReadonlyArray<Act>
  readonly pooler: boolean
}

/** Of a folder only this can be seen. */
const isSeenInFolder = (moment: Moment): boolean => !/Half|objectSent|watermarkSent|^completion/.test(moment)

/** What a process does once, as it begins, does not come again. */
const drawSkip = (moment: Moment, dice: Dice): number =>
  dice.between(0, moment.startsWith("object") ? 4 : /^(lock|look|completion)/.test(moment) ? 0 : 2)

export const killsIn = ({ strike }: Round): number =>
  strike.do === "kill" || (strike.do === "hold" && strike.fate === "kill") ? 1 : 0

class Plan {
  readonly #dice: Dice
  readonly #options: PlanOptions
  readonly #seen: ReadonlyArray<Moment>
  #early: Array<Moment>

  constructor(options: PlanOptions, dice: Dice) {
    this.#dice = dice
    this.#options = options
    this.#seen = moments.filter((moment) => options.lake === "s3" || isSeenInFolder(moment))
    // Each moment once; then they are drawn.
    this.#early = [...this.#seen]
  }

  #kill(): Strike {
    const dice = this.#dice
    const early = this.#early.shift()
    const moment = early ?? (dice.chance(0.4) ? undefined : dice.one(this.#seen))
    const skip = early !== undefined || moment === undefined ? 0 : drawSkip(moment, dice)
    const afterMillis = dice.chance(0.3) ? dice.between(0, 600) : dice.between(300, 2500)
    return { do: "kill", moment, skip, afterMillis }
  }

  #hold(): Strike {
    const dice = this.#dice
    const step = dice.pick({ object: 45, completion: 20, watermark: 35 } satisfies Record<
      DurableStep,
      number
    >)
    const fate = dice.pick({
      kill: 60,
      freeze: 10,
      terminate: 12,
      restart: 6,
      cut: 6,
      none: 6,
    } satisfies Record<Fate, number>)
    const after =
      fate === "none"
        ? "fate"
        : dice.pick({
            fate: 25,
            lookAsked: 10,
            lookAnswered: 10,
            peekAsked: 10,
            objectAsked: 15,
            objectAnswered: 15,
            watermarkAsked: 7,
            watermarkAnswered: 8,
          })
    const long = fate === "none" ? dice.between(31_000, 40_000) : dice.between(20_000, 60_000)
    const delay = dice.pick({ none: 35, short: 35, middle: 20, long: fate === "none" ? 3 : 10 })
    const delayMillis = { none: 0, short: dice.between(0, 3000), middle: dice.between(3000, 20_000), long }[
      delay
    ]
    const skip = step === "completion" ? 0 : dice.between(0, 3)
    return { do: "hold", step, skip, fate, release: { after, delayMillis } }
  }

  #freeze(): Strike {
    const dice = this.#dice
    const moment = dice.chance(0.3)
      ? "lookAnswered"
      : dice.one(this.#seen.filter((each) => each !== "lockAsked"))
    const terminated = dice.chance(0.5)
    const length = dice.pick({ short: terminated ? 40 : 75, middle: 40, long: terminated ? 20 : 5 })
    const seconds = { short: dice.between(5, 8), middle: dice.between(8, 30), long: dice.between(30, 90) }[
      length
    ]
    return {
      do: "freeze",
      moment,
      skip: drawSkip(moment, dice),
      seconds,
      terminateAfterMillis: terminated ? dice.between(0, 2000) : undefined,
    }
  }

  #session(): Strike {
    const dice = this.#dice
    const moment = dice.pick({
      objectAsked: 40,
      lookAnswered: 15,
      watermarkAsked: 20,
      peekAsked: 15,
      advanceAsked: 10,
    })
    return {
      do: "session",
      moment,
      skip: dice.between(0, 2),
      how: dice.pick({ terminate: 45, restart: 35, cut: 20 }),
    }
  }

  #strike(): Strike {
    const { only, lake } = this.#options
    const weights = { kill: 58, hold: lake === "s3" ? 24 : 0, freeze: 7, session: 11 }
    for (const act of acts) if (!only.includes(act)) weights[act] = 0
    const act = this.#dice.pick(weights)
    return {
      kill: () => this.#kill(),
      hold: () => this.#hold(),
      freeze: () => this.#freeze(),
      session: () => this.#session(),
    }[act]()
  }

  round(number: number): Round {
    const dice = this.#dice
    const strike = this.#strike()
    const mayStandBy = dice.chance(strike.do === "hold" ? 0.5 : 0.2) && number > 5
    const needsStandby =
      strike.do === "freeze" ||
      strike.do === "session" ||
      (strike.do === "hold" && !/kill|none/.test(strike.fate))
    const standby = needsStandby || (mayStandBy && !(strike.do === "hold" && strike.fate === "none"))
    const bulk =
      (strike.do === "hold"
        ? strike.step === "completion"
        : "moment" in strike && strike.moment?.startsWith("completion") === true) || dice.chance(0.05)
    const isS3 = this.#options.lake === "s3"
    const weather = dice.pick({
      calm: 68,
      crash: 7,
      cut: 6,
      checkpoint: 6,
      "pooler restart": this.#options.pooler ? 8 : 0,
      denied: isS3 ? 2 : 0,
      "read-only": isS3 ? 3 : 0,
      busy: isS3 ? 4 : 0,
      slow: isS3 ? 6 : 0,
    } satisfies Record<Weather, number>)
    return {
      strike,
      standby,
      victim: strike.do === "kill" && standby && dice.chance(0.15) ? "standby" : "writer",
      bulk,
      batchMax: dice.one([1, 20, 300, 1_000_000, 1_000_000, 1_000_000]),
      // What the writer loses its session by shall meet slow requests.
      weather: strike.do === "session" && isS3 ? "slow" : weather,
      weatherAfterMillis: strike.do === "session" ? 0 : dice.between(0, 1500),
    }
  }
}

/** Rounds with so many kills; where nothing is killed, so many rounds. */
export const planRounds = (options: PlanOptions, dice: Dice): ReadonlyArray<Round> => {
  const plan = new Plan(options, dice)
  const rounds: Array<Round> = []
  const killsNothing = !options.only.includes("kill") && !options.only.includes("hold")
  for (let done = 0; done < options.kills; ) {
    const round = plan.round(rounds.length)
    rounds.push(round)
    done += killsNothing ? 1 : killsIn(round)
  }
  return rounds
}
