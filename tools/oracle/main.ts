/** The long run: round after round until the time is over or one finds a difference, whose seed it prints. */
import { Effect } from "effect"
import type { EmbeddedOptions } from "../../layers/embedded/EmbeddedPostgres.ts"
import { TestPostgres } from "../../test/support/postgres/postgres.ts"
import { minutes, names, present, seed, text, whole } from "../kit/Arguments.ts"
import { showProgress } from "../kit/Progress.ts"
import { printCounts } from "../kit/TextTable.ts"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import { measureMemory } from "./memory.ts"
import { runRound } from "./round.ts"
import { Counts, type Kind, kindNames } from "./tables/kinds.ts"
import { runTableRound } from "./tables/tableRound.ts"

/** What values look like, and what becomes of tables. */
const subjects = ["values", "tables"] as const
type Subject = (typeof subjects)[number]

interface Asked {
  readonly minutes: number
  readonly seed: number
  /** Statements of one part of a round. */
  readonly size: number
  readonly rounds: ReadonlyArray<Subject>
  readonly without: ReadonlyArray<Kind>
  readonly steps: boolean
}

interface Totals {
  changes: number
  statements: number
  readonly mistakes: Map<string, number>
  readonly counts: Counts
}

/** The differences that the rounds of one seed find. */
const roundsOf = Effect.fnUntraced(function* (asked: Asked, seed: number, totals: Totals) {
  const { size, without, steps } = asked
  const differences: Array<string> = []
  if (asked.rounds.includes("values")) {
    const round = yield* runRound(seed, size)
    differences.push(...round.differences)
    totals.changes += round.changes
    totals.statements += round.statements
    for (const [code, count] of round.mistakes)
      totals.mistakes.set(code, (totals.mistakes.get(code) ?? 0) + count)
  }
  if (asked.rounds.includes("tables") && differences.length === 0) {
    const round = yield* runTableRound({ seed, size, without, steps })
    differences.push(...round.differences)
    totals.changes += round.changes
    totals.counts.add(round.counts)
  }
  return differences
})

/** The command that runs the rounds of this seed again. */
const commandOf = ({ size, rounds, without }: Asked, seed: number): string =>
  [
    `npm run test:oracle -- --seed ${seed} --size ${size} --minutes 0`,
    ...(rounds.length < subjects.length ? [`--rounds ${rounds}`] : []),
    ...(without.length > 0 ? [`--without "${without}"`] : []),
  ].join(" ")

const printTotals = ({ mistakes, counts }: Totals, { rounds, without }: Asked): void => {
  if (rounds.includes("values"))
    console.log("statements that the server refused:", Object.fromEntries(mistakes))
  if (!rounds.includes("tables")) return
  const rows = counts.rows.map(([kind, ...count]) => [
    kind,
    ...(without.some((one) => one === kind) ? ["turned off"] : count),
  ])
  console.log(printCounts([["steps of tables", "done", "refused"], ...rows]))
}

const runAll = Effect.fnUntraced(function* (asked: Asked) {
  const { minutes, seed } = asked
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1000)
  const totals: Totals = { changes: 0, statements: 0, mistakes: new Map(), counts: new Counts() }
  let done = 0
  const total = () =>
    `${done} seeds in ${seconds()} s: ${totals.changes} changes, ${totals.statements} statements of values`
  const progress = showProgress(total)
  while (done === 0 || seconds() < minutes * 60) {
    const differences = yield* roundsOf(asked, seed + done, totals).pipe(
      Effect.tapCause(() => Effect.sync(() => console.log(`ended early: ${commandOf(asked, seed + done)}`))),
    )
    if (differences.length > 0) {
      progress.says(`seed ${seed + done} differs (${commandOf(asked, seed + done)} runs it again):`)
      for (const difference of differences.slice(0, 20)) console.log(`  ${difference}`)
      console.log(total())
      printTotals(totals, asked)
      return false
    }
    done++
    progress.moves()
  }
  progress.says(total())
  printTotals(totals, asked)
  return true
})

export const main = tool({
  usage:
    'npm run test:oracle -- [--minutes 30] [--seed 42] [--size 60] [--rounds values|tables] [--without "drop table,masks"] [--steps] [--postgres 18.4.0-beta.17] [--memory [--rows 1000000] [--only PART]]',
  flags: {
    minutes: minutes(5, 0),
    seed: seed(),
    size: whole(60),
    rounds: names(subjects),
    without: names(kindNames, []),
    steps: present,
    memory: present,
    rows: whole(1_000_000),
    only: text(),
  },
  run: (asked, { postgres }) => {
    if (!asked.memory) console.log(`seed ${asked.seed}, ${asked.minutes} minutes`)
    const task = asked.memory ? Effect.as(measureMemory(asked.rows, asked.only), true) : runAll(asked)
    // Small, so that transactions go over the disk. PostgreSQL 18.4 crashes while it decodes some that do: there the default.
    const small = !asked.memory && postgres === undefined
    const server: EmbeddedOptions = {
      ...(small ? { settings: { logical_decoding_work_mem: "64kB" } } : {}),
      ...(postgres === undefined ? {} : { package: postgres }),
    }
    return runInterruptibly(Effect.provide(task, TestPostgres.layer(server)))
  },
})
