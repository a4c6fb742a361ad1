/** The figures for people. */
import { printMarkdown } from "../../kit/TextTable.ts"
import type { Spread } from "./Figures.ts"
import type { Machine } from "./Machine.ts"
import type { Result } from "./Result.ts"

const heads = ["what", "against", "measured", "target", "met", "floor s", "tool s", "peak MB", "CPU s"]

const seconds = (spread: Spread | undefined): string => spread?.median.toFixed(2) ?? ""

const cells = (result: Result): ReadonlyArray<string> => [
  result.what,
  result.against,
  result.measured,
  result.target,
  result.met ? "yes" : "NO",
  seconds(result.floorSeconds),
  seconds(result.toolSeconds),
  result.peakBytes === undefined ? "" : (result.peakBytes / 1e6).toFixed(0),
  result.cpuSeconds?.toFixed(2) ?? "",
]

/** As Markdown. */
export const printResults = (results: ReadonlyArray<Result>): string =>
  printMarkdown([heads, ...results.map(cells)])

export const printMachine = (machine: Machine): string =>
  [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`,
    `Node ${machine.node}, PostgreSQL ${machine.postgres}; load at start ${machine.loadAtStart}; ${machine.date}`,
  ].join("\n")
