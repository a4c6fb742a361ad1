/** Two clocks compared across a network: facts in, finding out. */
import { type Finding, ok, warning } from "./Finding.ts"

/** The other clock was read between two moments of ours. Milliseconds since the epoch. */
export interface ClockReading {
  readonly before: number
  readonly after: number
  readonly other: number
  /** The other clock tells no fraction of this: 1000 where it tells whole seconds. */
  readonly precision: number
}

const tolerated = 1000

/** By how much the other clock is ahead (behind, where negative) for certain; 0 where the journey may explain it. */
export const certainDifference = ({ before, after, other, precision }: ClockReading): number => {
  if (other > after) return other - after
  return other + precision < before ? other + precision - before : 0
}

export const clockFinding = (reading: ClockReading): Finding => {
  const difference = certainDifference(reading)
  if (Math.abs(difference) < tolerated) return ok("clock", "agrees with this machine's")
  const seconds = (Math.abs(difference) / 1000).toFixed(1)
  return warning("clock", `${seconds} s ${difference > 0 ? "ahead of" : "behind"} this machine's`, {
    advice:
      "Set both by NTP. Nothing is lost by it: dates in names of objects come from this machine. S3 refuses requests from 15 minutes on.",
  })
}
