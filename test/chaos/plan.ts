/** What is done to the program, kill by kill, decided from the seed before anything starts. */
import type { Dice } from "./Dice.ts"
import { type Moment, moments } from "./steps.ts"

/** What happens to the source meanwhile: PostgreSQL crashes, its connections break, or it notes where the slot stands. */
export type Weather = "calm" | "crash" | "cut" | "checkpoint"

export interface PlannedKill {
  /** Tied to a moment, or to the time alone. */
  readonly when: { readonly moment: Moment; readonly skip: number } | { readonly afterMillis: number }
  /** A second process stands by and takes over. */
  readonly standby: boolean
  /** Kills the one that waits instead of the one that writes. */
  readonly victim: "writer" | "standby"
  /** `BATCH_MAX_CHANGES` of the process that is started next. */
  readonly batchMax: number
  readonly weather: Weather
  readonly weatherAfterMillis: number
}

/** Of a folder only this can be seen. */
const seenInFolder: ReadonlyArray<Moment> = [
  "lockAsked",
  "lookAsked",
  "peekAsked",
  "objectAsked",
  "objectAnswered",
  "watermarkAsked",
  "watermarkAnswered",
  "advanceAsked",
  "advanceSent",
  "advanceAnswered",
]

export const planKills = (count: number, lake: "s3" | "folder", dice: Dice): ReadonlyArray<PlannedKill> => {
  const seen = lake === "s3" ? moments : seenInFolder
  return Array.from({ length: count }, (_, i): PlannedKill => {
    // Each moment once; then they are drawn, with as many kills that follow the clock alone.
    const early = seen[i]
    const moment = dice.one(seen)
    // What a process does once, as it begins, does not come again.
    const most = moment.startsWith("object") ? 4 : moment.startsWith("lo") ? 0 : 2
    const skip = dice.between(0, most)
    const afterMillis = dice.chance(0.3) ? dice.between(0, 600) : dice.between(300, 2500)
    const standby = i > 5 && dice.chance(0.2)
    const byClock = dice.chance(0.4)
    return {
      when: early !== undefined ? { moment: early, skip: 0 } : byClock ? { afterMillis } : { moment, skip },
      standby,
      victim: standby && dice.chance(0.15) ? "standby" : "writer",
      batchMax: dice.one([1, 20, 300, 1_000_000, 1_000_000]),
      weather: dice.pick({ calm: 76, crash: 8, cut: 8, checkpoint: 8 }),
      weatherAfterMillis: dice.between(0, 1500),
    }
  })
}
