/** What a run was and what came of it, as tables. */
import { printedMachine } from "../kit/Machine.ts"
import { printCounts, printFacts, type Row } from "../kit/TextTable.ts"
import type { Lake } from "./lake/Lake.ts"
import type { ChangeKind } from "./source/definitions.ts"
import { phases, type StepName, stepNames } from "./steps.ts"
import type { HeldCounts } from "./strike/HeldRequests.ts"
import { type Act, acts } from "./strike/strikes.ts"
import type { Tally } from "./Tally.ts"
import type { Verdict } from "./verdict/verdict.ts"

export interface Run {
  readonly seed: number
  readonly kills: number
  readonly only: ReadonlyArray<Act>
  readonly pooler: boolean
  readonly without: ReadonlyArray<ChangeKind>
  /** Datasets that needed a copy when all was over, with the reason. */
  readonly needing: ReadonlyArray<string>
  readonly lake: Lake
  readonly seconds: number
  readonly tally: Tally
  readonly held: { readonly byStep: ReadonlyMap<StepName, HeldCounts>; readonly longest: number }
  readonly formerWriters: ReadonlyMap<StepName, ReadonlyMap<string, number>>
  readonly verdict: Verdict
  readonly starts: number
  readonly deniedEnds: number
  readonly batches: number
  readonly transactions: number
  readonly requests: number
  readonly faults: ReadonlyMap<string, number>
  /** Whatever else must not happen: a process that ended by itself, a last run that failed. */
  readonly failures: ReadonlyArray<string>
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ") || "none"

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0)

export const isGood = ({ verdict, failures, tally }: Run): boolean =>
  verdict.differences.length === 0 && failures.length === 0 && tally.hangs.length === 0

/** The command that does the same again. */
export const commandOf = ({
  seed,
  kills,
  only,
  pooler,
  without,
  lake,
}: Pick<Run, "seed" | "kills" | "only" | "pooler" | "without" | "lake">) =>
  [
    `npm run test:chaos -- --kills ${kills} --seed ${seed}`,
    lake.endpoint === undefined ? "--lake folder" : "",
    only.length < acts.length ? `--only ${only.join()}` : "",
    pooler ? "--pooler" : "",
    without.length > 0 ? `--without "${without}"` : "",
  ]
    .filter((part) => part !== "")
    .join(" ")

const heldTable = ({ held: { byStep } }: Run): ReadonlyArray<Row> => [
  ["requests held, by step", "held", "after death", "after take-over", "200", "412", "404", "other"],
  ...stepNames.flatMap((step): ReadonlyArray<Row> => {
    const counts = byStep.get(step)
    if (counts === undefined) return []
    const { held, afterDeath, afterTakeOver, answers } = counts
    const known = ["200", "412", "404"].map((status) => answers.get(status) ?? 0)
    return [[step, held, afterDeath, afterTakeOver, ...known, sum(answers.values()) - sum(known)]]
  }),
]

const formerTable = ({ formerWriters }: Run): ReadonlyArray<Row> => [
  ["requests of a writer after another took over", "200", "412", "404", "other"],
  ...stepNames.flatMap((step): ReadonlyArray<Row> => {
    const answers = formerWriters.get(step)
    if (answers === undefined) return []
    const known = ["200", "412", "404"].map((status) => answers.get(status) ?? 0)
    return [[step, ...known, sum(answers.values()) - sum(known)]]
  }),
]

const struckTable = ({ tally }: Run): ReadonlyArray<Row> => [
  ["where it was struck", "killed", "frozen", "session ended meanwhile", "taken over meanwhile"],
  ...phases.map((phase): Row => {
    const { frozen, terminated, takenOver } = tally.frozen.get(phase) ?? {
      frozen: 0,
      terminated: 0,
      takenOver: 0,
    }
    return [phase, tally.killed.get(phase) ?? 0, frozen, terminated, takenOver]
  }),
]

const changesTable = ({ tally, without }: Run): ReadonlyArray<Row> => [
  ["changes of tables meanwhile", "done"],
  ...[...tally.changes].map(
    ([kind, count]): Row => [
      kind,
      without.includes(kind) ? "turned off" : count === 0 ? "none drawn" : count,
    ],
  ),
]

export const printReport = (run: Run): void => {
  const { tally, verdict } = run
  const { takeOvers } = tally
  const longest = takeOvers.length === 0 ? "" : `, the longest ${Math.round(Math.max(...takeOvers))} ms`
  console.log(printCounts(struckTable(run)))
  if (run.lake.endpoint !== undefined)
    for (const table of [heldTable(run), formerTable(run)]) console.log(`\n${printCounts(table)}`)
  console.log(`\n${printCounts(changesTable(run))}`)
  const frozen = sum([...tally.frozen.values()].map((counts) => counts.frozen))
  console.log()
  const facts: ReadonlyArray<Row> = [
    ["seed", run.seed],
    ["lake", run.lake.told],
    ["machine", printedMachine],
    ["rounds", `${tally.rounds}: ${listed(tally.acts)}`],
    ["kills", `${tally.kills}, ${tally.tiedKills} tied to a moment`],
    ["held requests", `${listed(tally.fates)}; the longest ${(run.held.longest / 1000).toFixed(1)} s`],
    [
      "freezes",
      `${frozen}, ${Math.round(tally.frozenSeconds)} s in all, the longest ${Math.round(tally.longestFreeze)} s`,
    ],
    ["sessions lost", listed(tally.sessions)],
    ["meanwhile", listed(tally.weather)],
    ["starts of cdc", `${run.starts}; ended with 2 while denied: ${run.deniedEnds}`],
    ["take-overs after a kill", `${takeOvers.length}${longest}`],
    ["requests to the store", `${run.requests}; ${listed(run.faults)}`],
    ["copies meanwhile", `by exit code: ${listed(tally.copies)}`],
    ["needed a copy at the end", run.needing.join(", ") || "none"],
    ["transactions written", run.transactions],
    ["batches", run.batches],
    ["objects", `${verdict.objects}, ${mebibytes(verdict.bytes)}`],
    ["changes", verdict.changes],
    ["duration", `${Math.round(run.seconds)} s`],
    ["verdict", isGood(run) ? "every change once, in order; lake = tables" : "FAILED"],
  ]
  console.log(printFacts(facts))
  for (const wrong of [...verdict.differences, ...run.failures, ...tally.hangs]) console.log(`\n! ${wrong}`)
  if (!isGood(run)) console.log(`\nTo repeat: ${commandOf(run)}`)
}
