/** Runs one bench, prints its table and writes its figures. Exit code 0 means that it ran: it judges nothing. */
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import type { Bench } from "./Bench.ts"
import { describeMachine, placeFor } from "./figures/Machine.ts"
import type { Result } from "./figures/Result.ts"
import { printMachine, printResults } from "./figures/Table.ts"
import { type BenchName, flags, type Options, optionsOf, usage } from "./Options.ts"
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
  console.log(printResults(results))
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

export const main = tool({
  usage,
  flags,
  run: async (values, { root }, positionals) => {
    const options = optionsOf(values, positionals)
    checkFloor()
    await runInterruptibly(measure(options, join(root, "tools", "bench", "results")))
    return true
  },
})
