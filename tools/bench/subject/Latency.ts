/** How long after its commit a change is visible in the lake. Single rows are committed at random moments. */
import { readFile } from "node:fs/promises"
import { setTimeout } from "node:timers/promises"
import { Effect } from "effect"
import type { Bench, BenchContext } from "../Bench.ts"
import { quantile, spreadOf } from "../figures/Figures.ts"
import { usageOf } from "../figures/Result.ts"
import { follow } from "../world/Follower.ts"
import { incObjects } from "../world/Lake.ts"

/** Between two commits, on average. */
const meanRestMillis = 50

/** Between two looks into the folder: a delay may be told too long by so much, never too short. */
const lookMillis = 5

/** So much may be added to the interval. */
const allowanceMillis = 150

/** Ids of the rows of an object: the first column after the seven of ours. */
const idsIn = (csv: string): ReadonlyArray<number> =>
  [...csv.matchAll(/^I,[^,]*,[^,]*,[^,]*,[^,]*,,,(\d+),/gm)].map(([, id]) => Number(id))

/** Notes when each row of a new object was first seen, until it is stopped. */
const watch = (folder: string) => {
  const seen = new Map<number, number>()
  const known = new Set<string>()
  let watching = true
  const look = async () => {
    const found = await incObjects(folder)
    const at = performance.now()
    for (const path of found.filter((one) => !known.has(one))) {
      known.add(path)
      for (const id of idsIn(await readFile(path, "utf8"))) seen.set(id, at)
    }
  }
  const done = (async () => {
    while (watching) {
      await look()
      await setTimeout(lookMillis)
    }
    await look()
  })()
  const stop = Effect.promise(() => {
    watching = false
    return done
  })
  return { seen, stop }
}

const measure = Effect.fnUntraced(function* (
  { source, place, options, found }: BenchContext,
  intervalMillis: number,
) {
  console.error(`committing for ${options.seconds} s, interval ${intervalMillis} ms`)
  yield* source.sql("DROP TABLE IF EXISTS public.l; CREATE TABLE public.l (id bigint PRIMARY KEY, v text)")
  const { folder, finish } = yield* follow(source, place, "public.l", {
    POLL_INTERVAL: `${intervalMillis}ms`,
  })
  const { seen, stop } = watch(folder)
  const committed = new Map<number, number>()
  const until = performance.now() + options.seconds * 1000
  for (let id = 1; performance.now() < until; id++) {
    yield* source.sql(`INSERT INTO public.l VALUES (${id}, 'x')`)
    committed.set(id, performance.now())
    yield* Effect.promise(() => setTimeout(Math.random() * 2 * meanRestMillis))
  }
  // Whatever is not there by then is missing, and fails the bench below.
  yield* Effect.promise(() => setTimeout(3 * intervalMillis + 1000))
  const run = yield* finish
  yield* stop
  const delays = [...committed].map(([id, at]) => (seen.get(id) ?? Number.NaN) - at)
  if (delays.some(Number.isNaN))
    return yield* Effect.die(new Error(`rows are missing in the lake:\n${run.told}`))
  const [p50, p99, last] = [0.5, 0.99, 1].map((q) => quantile(delays, q)) as [number, number, number] // as many as asked for
  yield* found({
    what: `commit to visible object, interval ${intervalMillis} ms, ${delays.length} commits`,
    against: "the interval",
    measured: `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, longest ${last.toFixed(0)} ms`,
    target: `p99 at most ${intervalMillis + allowanceMillis} ms`,
    met: p99 <= intervalMillis + allowanceMillis,
    toolSeconds: spreadOf(delays.map((millis) => millis / 1000)),
    ...usageOf([run]),
  })
}, Effect.scoped)

export const latencyBench: Bench = {
  room: () => 1e9,
  run: Effect.fn("bench latency")(function* (context) {
    for (const intervalMillis of [2000, 100]) yield* measure(context, intervalMillis)
  }),
}
