/** What a run was and what came of it, as a table. */
import { cpus } from "node:os"
import type { Outcome } from "./rounds.ts"
import type { Verdict } from "./verdict.ts"

export interface Run {
  readonly seed: number
  readonly lake: string
  readonly seconds: number
  readonly outcome: Outcome
  readonly verdict: Verdict
  readonly starts: number
  readonly batches: number
  readonly transactions: number
  readonly requests: number
  readonly faults: ReadonlyMap<string, number>
  /** Whatever else must not happen: a process that ended by itself, a last run that failed. */
  readonly failures: ReadonlyArray<string>
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "none"

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

export const isGood = ({ verdict, failures, outcome }: Run): boolean =>
  verdict.differences.length === 0 && failures.length === 0 && outcome.hangs.length === 0

export const printReport = (run: Run): void => {
  const { outcome, verdict } = run
  const { takeOvers, weather } = outcome
  const rows: ReadonlyArray<readonly [string, string | number]> = [
    ["seed", run.seed],
    ["lake", run.lake],
    ["machine", `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`],
    ["kills", `${outcome.kills}, ${outcome.byMoment} tied to a moment`],
    ...[...outcome.hits].map(([phase, count]) => [`  ${phase}`, count] as const),
    ["starts of cdc", run.starts],
    ["take-overs by a standby", takeOvers.length],
    ["longest take-over", takeOvers.length === 0 ? "none" : `${Math.round(Math.max(...takeOvers))} ms`],
    ["PostgreSQL crashes", weather.get("crash") ?? 0],
    ["source connections cut", weather.get("cut") ?? 0],
    ["requests to the store", run.requests],
    ["faults of the store", listed(run.faults)],
    ["transactions written", run.transactions],
    ["batches", run.batches],
    ["objects", verdict.objects],
    ["changes", verdict.changes],
    ["bytes", mebibytes(verdict.bytes)],
    ["duration", `${Math.round(run.seconds)} s`],
    ["verdict", isGood(run) ? "every change once, in order; lake = tables" : "FAILED"],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`)
  for (const wrong of [...verdict.differences, ...run.failures, ...outcome.hangs]) console.log(`\n! ${wrong}`)
  if (!isGood(run)) console.log(`\nTo repeat: npm run test:chaos -- --seed ${run.seed}`)
}
