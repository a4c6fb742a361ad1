/** The arithmetic of a measurement. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The value below which the share `q` (0 to 1) of all values lies, between two neighbours in proportion. NaN of none. */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const [below, above] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
  return below + (above - below) * (at - Math.floor(at))
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

export const spreadOf = (values: ReadonlyArray<number>): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})

/**
 * Each tool run by the floor run just before it: a minute in which the machine was slow slows both, and cancels out.
 * `apart` is taken off each tool run first, in the unit of the values.
 */
export const ratios = (
  floor: ReadonlyArray<number>,
  tool: ReadonlyArray<number>,
  apart = 0,
): ReadonlyArray<number> =>
  tool.flatMap((value, index) => {
    const beside = floor[index]
    return beside === undefined ? [] : [(value - apart) / beside]
  })
