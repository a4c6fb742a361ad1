/** Compares two clocks across a network. */
import { type Finding, ok, warning } from "./Finding.ts"

/** The other clock was read between two readings of ours. Milliseconds since 1970. */
export interface ClockReading {
  readonly before: number
  readonly after: number
  readonly other: number
  /** Resolution of the other clock: 1000 if it has whole seconds. */
  readonly precision: number
}

const tolerated = 1000

/** Returns how far the other clock is ahead for certain (behind if negative); 0 if network latency can explain it. */
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
