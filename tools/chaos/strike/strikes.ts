/** What may be done to the program in a round, drawn from the seed. */
import type { Random } from "../../../test/support/Random.ts"
import { type DurableStep, type Moment, moments } from "../steps.ts"

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

export interface StrikeOptions {
  readonly lake: "s3" | "folder"
  readonly only: ReadonlyArray<Act>
}

/** Of a folder only this can be seen. */
const isSeenInFolder = (moment: Moment): boolean => !/Half|objectSent|watermarkSent|^completion/.test(moment)

/** What a process does once, as it begins, does not come again. */
const drawSkip = (moment: Moment, dice: Random): number =>
  dice.between(0, moment.startsWith("object") ? 4 : /^(lock|look|completion)/.test(moment) ? 0 : 2)

export class StrikeDraw {
  readonly #dice: Random
  readonly #options: StrikeOptions
  readonly #seen: ReadonlyArray<Moment>
  #early: Array<Moment>

  constructor(options: StrikeOptions, dice: Random) {
    this.#dice = dice
    this.#options = options
    this.#seen = moments.filter((moment) => options.lake === "s3" || isSeenInFolder(moment))
    // Each moment once; then they are drawn.
    this.#early = [...this.#seen]
  }

  #kill(): Strike {
    const dice = this.#dice
    const early = this.#early.shift()
    const moment = early ?? (dice.is(0.4) ? undefined : dice.pick(this.#seen))
    const skip = early !== undefined || moment === undefined ? 0 : drawSkip(moment, dice)
    const afterMillis = dice.is(0.3) ? dice.between(0, 600) : dice.between(300, 2500)
    return { do: "kill", moment, skip, afterMillis }
  }

  #hold(): Strike {
    const dice = this.#dice
    const step = dice.weighted({ object: 45, completion: 20, watermark: 35 } satisfies Record<
      DurableStep,
      number
    >)
    const fate = dice.weighted({
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
        : dice.weighted({
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
    const delay = dice.weighted({ none: 35, short: 35, middle: 20, long: fate === "none" ? 3 : 10 })
    const delayMillis = { none: 0, short: dice.between(0, 3000), middle: dice.between(3000, 20_000), long }[
      delay
    ]
    const skip = step === "completion" ? 0 : dice.between(0, 3)
    return { do: "hold", step, skip, fate, release: { after, delayMillis } }
  }

  #freeze(): Strike {
    const dice = this.#dice
    const moment = dice.is(0.3)
      ? "lookAnswered"
      : dice.pick(this.#seen.filter((each) => each !== "lockAsked"))
    const terminated = dice.is(0.5)
    const length = dice.weighted({ short: terminated ? 40 : 75, middle: 40, long: terminated ? 20 : 5 })
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
    const moment = dice.weighted({
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
      how: dice.weighted({ terminate: 45, restart: 35, cut: 20 }),
    }
  }

  strike(): Strike {
    const { only, lake } = this.#options
    const weights = { kill: 58, hold: lake === "s3" ? 24 : 0, freeze: 7, session: 11 }
    for (const act of acts) if (!only.includes(act)) weights[act] = 0
    const act = this.#dice.weighted(weights)
    return {
      kill: () => this.#kill(),
      hold: () => this.#hold(),
      freeze: () => this.#freeze(),
      session: () => this.#session(),
    }[act]()
  }
}
