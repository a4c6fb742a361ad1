/** `cdc --once`: a backlog into the lake, against the time that the server alone takes to tell it. */
import { Effect } from "effect"
import type { Bench, BenchContext } from "../Bench.ts"
import { alternate } from "../figures/Alternation.ts"
import { median, spreadOf } from "../figures/Figures.ts"
import { compared, comparedBuilds, peak, type Result, usageOf } from "../figures/Result.ts"
import {
  type Backlog,
  copyOfSlot,
  inHundreds,
  inOneTransaction,
  oneByOne,
  writeBacklog,
} from "../world/Backlog.ts"
import { createTable } from "../world/CustomerTable.ts"
import type { Lake } from "../world/Lake.ts"
import type { Source } from "../world/Source.ts"
import { runTool, type ToolRun, thisBuild } from "../world/Tool.ts"
import { copyPeek, floorName } from "./Floor.ts"

const slot = "bench_run"

/** Rows of all batches, as the log tells them. */
const rowsTold = (told: string): number =>
  [...told.matchAll(/rows=t:(\d+)/g)].reduce((sum, [, rows]) => sum + Number(rows), 0)

const once = Effect.fnUntraced(function* (source: Source, lake: Lake, changes: number, main = thisBuild) {
  const environment = {
    ...source.libpq,
    ...(yield* lake.fresh),
    SOURCE_TABLES: "public.t",
    REPLICATION_SLOT: slot,
  }
  const run = yield* runTool(["cdc", "--once"], environment, main)
  const rows = rowsTold(run.told)
  if (rows === changes) return run
  return yield* Effect.die(new Error(`cdc wrote ${rows} rows instead of ${changes}:\n${run.told}`))
})

const drain = (source: Source, lake: Lake, { changes }: Backlog, main = thisBuild) =>
  Effect.scoped(Effect.andThen(copyOfSlot(source, slot), once(source, lake, changes, main)))

const peek = (source: Source, { end }: Backlog) =>
  Effect.scoped(Effect.andThen(copyOfSlot(source, slot), copyPeek(source, slot, end)))

const wholeSeconds = (runs: ReadonlyArray<ToolRun>) => runs.map(({ seconds }) => seconds)

/** The process and its connection, with nothing to read: what a drain of any size pays before it begins. */
const startUp = Effect.fnUntraced(function* ({ source, lakes, options, found }: BenchContext) {
  yield* source.sql(createTable)
  const empty = (lake: Lake, main?: string) =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        source.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot]),
        () => Effect.ignore(source.sql("SELECT pg_drop_replication_slot($1)", [slot])),
      )
      return yield* once(source, lake, 0, main)
    }).pipe(Effect.scoped)
  const several = <E, R>(run: Effect.Effect<ToolRun, E, R>) =>
    Effect.map(Effect.all(Array.from({ length: options.runs + 1 }, () => run)), (all) => all.slice(1))
  const told = (what: string, runs: ReadonlyArray<ToolRun>): Result => {
    const toolSeconds = spreadOf(wholeSeconds(runs))
    const measured = `${(toolSeconds.median * 1000).toFixed(0)} ms`
    const [target, met] = ["at most 300 ms", toolSeconds.median <= 0.3]
    return { what, against: "none", measured, target, met, toolSeconds, ...usageOf(runs) }
  }
  yield* found(told("--help", yield* several(runTool(["--help"], {}))))
  const apart = new Map<Lake, number>()
  for (const lake of lakes) {
    if (options.against !== undefined) {
      const what = `cdc --once, nothing waits, ${lake.told}`
      const pairs = yield* alternate(what, options.runs, empty(lake, options.against), empty(lake))
      yield* Effect.forEach(comparedBuilds(what, pairs), found)
      continue
    }
    const runs = yield* several(empty(lake))
    apart.set(lake, median(wholeSeconds(runs)))
    yield* found({ ...told(`cdc --once, nothing waits, ${lake.told}`, runs), target: "none", met: true })
  }
  return apart
})

interface Race {
  readonly part: string
  readonly what: string
  readonly written: { readonly changes: number; readonly sql: string }
  readonly atMost: number
}

const races = (changes: number): ReadonlyArray<Race> => [
  {
    part: "transactions",
    what: `cdc, ${changes} changes, 100 a transaction`,
    written: inHundreds(changes),
    atMost: 1.15,
  },
  {
    part: "singles",
    what: `cdc, ${Math.ceil(changes / 5)} transactions of one row`,
    written: oneByOne(Math.ceil(changes / 5)),
    atMost: 1.2,
  },
  {
    // Three times what one batch takes by default, so that the log is read anew for each.
    part: "drain",
    what: `cdc, ${changes * 3} changes in several batches`,
    written: inHundreds(changes * 3),
    atMost: 1.2,
  },
]

const run = Effect.fnUntraced(function* (
  { source, lakes, options, found }: BenchContext,
  { what: raced, written, atMost }: Race,
  apart: ReadonlyMap<Lake, number>,
) {
  const backlog = yield* writeBacklog(source, written)
  for (const lake of lakes) {
    const what = `${raced}, ${lake.told}`
    if (options.against !== undefined) {
      const other = drain(source, lake, backlog, options.against)
      const pairs = yield* alternate(what, options.runs, other, drain(source, lake, backlog))
      yield* Effect.forEach(comparedBuilds(what, pairs), found)
      continue
    }
    const pairs = yield* alternate(what, options.runs, peek(source, backlog), drain(source, lake, backlog))
    yield* found(
      compared({
        what,
        against: `${floorName}: COPY of one peek`,
        pairs,
        target: { atMost },
        apart: apart.get(lake) ?? 0,
      }),
    )
  }
}, Effect.scoped)

/** Backlogs of many transactions and of one, one ten times the other: what grows with any of it shows. */
const memory = Effect.fnUntraced(function* ({ source, lakes, options, found }: BenchContext) {
  for (const changes of [Math.ceil(options.changes / 10), options.changes]) {
    for (const [shape, written] of [
      ["100 a transaction", inHundreds(changes)],
      ["one transaction", inOneTransaction(changes)],
    ] as const) {
      yield* Effect.gen(function* () {
        const backlog = yield* writeBacklog(source, written)
        for (const lake of lakes) {
          const usage = usageOf([yield* drain(source, lake, backlog)])
          yield* found(peak(`cdc, ${changes} changes, ${shape}, ${lake.told}`, usage, 130))
        }
      }).pipe(Effect.scoped)
    }
  }
})

export const cdcBench: Bench = {
  room: ({ changes, only }) => (only.length === 0 || only.includes("drain") ? 6 : 2) * changes * 1500,
  run: Effect.fn("bench cdc")(function* (context) {
    const { options, wants } = context
    const apart = yield* startUp(context)
    for (const race of races(options.changes).filter(({ part }) => wants(part))) {
      yield* run(context, race, apart)
    }
    if (wants("memory")) yield* memory(context)
  }),
}
