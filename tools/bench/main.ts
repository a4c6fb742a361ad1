/** Runs one bench, prints its table and writes its figures. Exit code 0 means that it ran: it judges nothing. */
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import type { Bench } from "./Bench.ts"
import { describeMachine, placeFor } from "./figures/Machine.ts"
import type { Result } from "./figures/Result.ts"
import { printMachine, printTable } from "./figures/Table.ts"
import { type BenchName, type Options, parseOptions } from "./Options.ts"
import { cdcBench } from "./subject/Cdc.ts"
import { checkFloor, floorName } from "./subject/Floor.ts"
import { fullBench } from "./subject/Full.ts"
import { idleBench } from "./subject/Idle.ts"
import { impactBench } from "./subject/Impact.ts"
import { latencyBench } from "./subject/Latency.ts"
import { lakeOf } from "./world/Lake.ts"
import { openSource } from "./world/Source.ts"

const benches: Readonly<Record<BenchName, Bench>> = {
  full: fullBench,
  cdc: cdcBench,
  idle: idleBench,
  latency: latencyBench,
  impact: impactBench,
}

const measure = Effect.fn("measure")(function* (options: Options, resultsFolder: string) {
  const bench = benches[options.bench]
  const place = options.data ?? placeFor(bench.room(options))
  const source = yield* openSource(place)
  const machine = describeMachine(source.version)
  const results: Array<Result> = []
  const context = {
    options,
    source,
    place,
    lakes: options.lakes.map((name) => lakeOf(name, place)),
    wants: (part: string) => options.only.length === 0 || options.only.includes(part),
    found: (result: Result) =>
      Effect.sync(() => {
        results.push(result)
      }),
  }
  console.error(`${printMachine(machine)}\ndata and lake in ${place}, floor by ${floorName}`)
  yield* bench.run(context)

  console.log(
    `${printMachine(machine)}\ndata and lake in ${place}, floor by ${floorName}, ${options.runs} runs\n`,
  )
  console.log(printTable(results))
  const stamp = machine.date.replace(/[^0-9]/g, "").slice(0, 14)
  const file = options.json ?? join(resultsFolder, `${options.bench}-${stamp}.json`)
  yield* Effect.promise(async () => {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(
      file,
      `${JSON.stringify({ machine, options, place, floor: floorName, results }, null, 2)}\n`,
    )
  })
  console.error(`\nfigures in ${file}`)
}, Effect.scoped)

/** Answers the process's exit code. Ctrl-C takes away what was made. */
export const main = async (args: ReadonlyArray<string>, resultsFolder: string): Promise<number> => {
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort())
  try {
    checkFloor()
    await Effect.runPromise(measure(parseOptions(args), resultsFolder), { signal: stop.signal })
    return 0
  } catch (cause) {
    if (stop.signal.aborted) return 130
    console.error(cause instanceof Error ? cause.message : cause)
    return 1
  }
}
