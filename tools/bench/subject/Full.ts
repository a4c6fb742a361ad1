/** `full`: a whole table into the lake, against the time that the server alone takes to tell it. */
import { Effect } from "effect"
import type { Bench, BenchContext } from "../Bench.ts"
import { alternate } from "../figures/Alternation.ts"
import { compared, comparedBuilds, peak, usageOf } from "../figures/Result.ts"
import { createTable, fillTable } from "../world/CustomerTable.ts"
import type { Lake } from "../world/Lake.ts"
import type { Source } from "../world/Source.ts"
import { runTool, thisBuild } from "../world/Tool.ts"
import { copyTable, floorName } from "./Floor.ts"

/** Every row counts: a copy that left some out would be no measurement. */
const full = (
  source: Source,
  lake: Lake,
  rows: number,
  settings: Readonly<Record<string, string>> = {},
  main = thisBuild,
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const environment = { ...source.libpq, ...(yield* lake.fresh), SOURCE_TABLES: "public.t", ...settings }
      const run = yield* runTool(["full"], environment, main)
      if (!run.told.includes(`rows=${rows} `)) {
        return yield* Effect.die(new Error(`full did not copy ${rows} rows:\n${run.told}`))
      }
      return run
    }),
  )

const oneReader = { FULL_PARALLEL: "1" }

const prepare = Effect.fnUntraced(function* ({ sql }: Source, rows: number) {
  console.error(`making ${rows} rows`)
  yield* sql(createTable)
  yield* sql(fillTable(rows))
  yield* sql("VACUUM (ANALYZE) public.t")
})

const speed = Effect.fnUntraced(function* ({ source, lakes, options, wants, found }: BenchContext) {
  const { rows, runs } = options
  for (const lake of lakes) {
    const one = full(source, lake, rows, oneReader)
    if (wants("speed")) {
      const what = `full, one reader, ${lake.told}`
      if (options.against === undefined) {
        const pairs = yield* alternate(what, runs, copyTable(source, "public.t"), one)
        yield* found(
          compared({ what, against: `${floorName}: \\copy to nowhere`, pairs, target: { atMost: 1.05 } }),
        )
      } else {
        const other = full(source, lake, rows, oneReader, options.against)
        yield* Effect.forEach(comparedBuilds(what, yield* alternate(what, runs, other, one)), found)
      }
    }
    if (wants("parallel")) {
      const what = `full, FULL_PARALLEL=4, ${lake.told}`
      const pairs = yield* alternate(what, runs, one, full(source, lake, rows, { FULL_PARALLEL: "4" }))
      yield* found(compared({ what, against: "FULL_PARALLEL=1", pairs, target: { timesAsFast: 1.8 } }))
    }
    if (wants("gzip")) {
      const what = `full, CSV_COMPRESSION=gzip, ${lake.told}`
      const gzip = full(source, lake, rows, { ...oneReader, CSV_COMPRESSION: "gzip" })
      const pairs = yield* alternate(what, runs, one, gzip)
      yield* found(compared({ what, against: "CSV_COMPRESSION=none", pairs, target: { atMost: 1.3 } }))
    }
  }
})

/** Two tables, one a hundred times the other: what grows with the table shows. */
const memory = Effect.fnUntraced(function* ({ source, lakes, options, found }: BenchContext) {
  for (const rows of [options.rows / 10, options.rows * 10].map(Math.round)) {
    yield* prepare(source, rows)
    for (const lake of lakes) {
      for (const readers of ["1", "4"]) {
        const usage = usageOf([yield* full(source, lake, rows, { FULL_PARALLEL: readers })])
        yield* found(peak(`full, ${rows} rows, FULL_PARALLEL=${readers}, ${lake.told}`, usage, 160))
      }
    }
  }
})

const rowBytes = { heap: 300, log: 350, lake: 310 }

export const fullBench: Bench = {
  room: ({ rows, only }) =>
    (only.length === 0 || only.includes("memory") ? 11 : 1) *
    rows *
    (rowBytes.heap + rowBytes.log + rowBytes.lake),
  run: Effect.fn("bench full")(function* (context) {
    if (["speed", "parallel", "gzip"].some(context.wants)) {
      yield* prepare(context.source, context.options.rows)
      yield* speed(context)
    }
    if (context.wants("memory")) yield* memory(context)
  }),
}
