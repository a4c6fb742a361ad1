/** Floor, tool, floor, tool …: what slows the machine for a while slows neighbours alike. */
import { Effect } from "effect"
import type { Pairs, Run } from "./Result.ts"

const tell = (what: string, pair: string, floor: Run, tool: Run) =>
  Effect.sync(() =>
    console.error(`${what}, ${pair}: ${floor.seconds.toFixed(2)} s, then ${tool.seconds.toFixed(2)} s`),
  )

/** Runs as many pairs as asked for, after one that fills the caches and is thrown away. */
export const alternate = Effect.fn("alternate")(function* <E, R>(
  what: string,
  runs: number,
  floor: Effect.Effect<Run, E, R>,
  tool: Effect.Effect<Run, E, R>,
) {
  const pairs = { floor: [] as Run[], tool: [] as Run[] }
  for (let run = 0; run <= runs; run++) {
    const pair = [yield* floor, yield* tool] as const
    yield* tell(what, run === 0 ? "warm-up" : `pair ${run} of ${runs}`, ...pair)
    if (run === 0) continue
    pairs.floor.push(pair[0])
    pairs.tool.push(pair[1])
  }
  return pairs satisfies Pairs
})
