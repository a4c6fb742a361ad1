/** What a bench found out: one row of its table. */
import { median, ratios, type Spread, spreadOf } from "./Figures.ts"

export interface Result {
  readonly what: string
  /** That with which it is compared. */
  readonly against: string
  /** The figure that the target speaks of, in words. */
  readonly measured: string
  readonly target: string
  readonly met: boolean
  /** Of the runs that were measured, in seconds. */
  readonly floorSeconds?: Spread
  readonly toolSeconds?: Spread
  readonly ratio?: Spread
  /** The largest of all runs, in bytes. */
  readonly peakBytes?: number
  /** User and system of the tool's process, in seconds; the median. */
  readonly cpuSeconds?: number
}

/** One run of a floor or of the tool. Floors do not tell what they used. */
export interface Run {
  readonly seconds: number
  readonly cpuSeconds?: number
  readonly peakBytes?: number
}

export interface Pairs {
  readonly floor: ReadonlyArray<Run>
  readonly tool: ReadonlyArray<Run>
}

const seconds = ({ seconds }: Run): number => seconds
const known = (values: ReadonlyArray<number | undefined>): ReadonlyArray<number> =>
  values.filter((value) => value !== undefined)

export const usageOf = (runs: ReadonlyArray<Run>): Pick<Result, "peakBytes" | "cpuSeconds"> => {
  const peaks = known(runs.map(({ peakBytes }) => peakBytes))
  const cpu = known(runs.map(({ cpuSeconds }) => cpuSeconds))
  return {
    ...(peaks.length === 0 ? {} : { peakBytes: Math.max(...peaks) }),
    ...(cpu.length === 0 ? {} : { cpuSeconds: median(cpu) }),
  }
}

/** In the unit of the values, two decimals. */
export const printSpread = ({ median, min, max }: Spread): string =>
  `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`

export interface Comparison {
  readonly what: string
  readonly against: string
  readonly pairs: Pairs
  readonly target: { readonly atMost: number } | { readonly timesAsFast: number }
  /** Seconds of each tool run that the comparison leaves out. */
  readonly apart?: number
}

/** Wall time of the tool by the floor's; where the target asks how many times as fast it is, the inverse of it. */
export const compared = ({ what, against, pairs, target, apart = 0 }: Comparison): Result => {
  const [floor, tool] = [pairs.floor.map(seconds), pairs.tool.map(seconds)]
  const slower = ratios(floor, tool, apart)
  const ratio = spreadOf("atMost" in target ? slower : slower.map((one) => 1 / one))
  return {
    what,
    against,
    measured: printSpread(ratio),
    target: "atMost" in target ? `at most ${target.atMost}` : `at least ${target.timesAsFast} times as fast`,
    met: "atMost" in target ? ratio.median <= target.atMost : ratio.median >= target.timesAsFast,
    floorSeconds: spreadOf(floor),
    toolSeconds: spreadOf(tool),
    ratio,
    ...usageOf(pairs.tool),
  }
}

/** One figure of two builds, pair by pair. Targets are those of a change that must cost nothing. */
const ofBuilds = (what: string, pairs: Pairs, figure: (run: Run) => number): Result => {
  const ratio = spreadOf(ratios(pairs.floor.map(figure), pairs.tool.map(figure), 0))
  const [target, met] = ["at most 1.03", ratio.median <= 1.03]
  return { what, against: "the other build", measured: printSpread(ratio), target, met, ratio }
}

/** Wall time, processor time and peak of a build by those of another, start-up included. */
export const comparedBuilds = (what: string, pairs: Pairs): ReadonlyArray<Result> => [
  {
    ...ofBuilds(`${what}: time`, pairs, seconds),
    floorSeconds: spreadOf(pairs.floor.map(seconds)),
    toolSeconds: spreadOf(pairs.tool.map(seconds)),
    ...usageOf(pairs.tool),
  },
  ofBuilds(`${what}: CPU`, pairs, ({ cpuSeconds = Number.NaN }) => cpuSeconds),
  ofBuilds(`${what}: peak`, pairs, ({ peakBytes = Number.NaN }) => peakBytes),
]

/** A finding about memory alone. `atMost` is in MB. */
export const peak = (
  what: string,
  usage: Pick<Result, "peakBytes" | "cpuSeconds">,
  atMost: number,
): Result => ({
  what,
  against: "none",
  measured: `${((usage.peakBytes ?? Number.NaN) / 1e6).toFixed(0)} MB`,
  target: `at most ${atMost} MB`,
  met: (usage.peakBytes ?? Number.NaN) <= atMost * 1e6,
  ...usage,
})
