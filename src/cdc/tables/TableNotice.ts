/** What a person must know of a table that is not what it was, with the next action. */
import { Option } from "effect"
import type { DatasetCompleteness } from "../../core/lake/DatasetState.ts"
import { printInSql, printTable } from "../../core/source/SourceTable.ts"
import type { PlannedTable } from "./PlannedTable.ts"

export interface TableNotice {
  /** What happened, to what; without the full stop. */
  readonly found: string
  /** The next action; without the full stop. */
  readonly advice: string
}

/**
 * None where nothing is to be done. `now` is for the `cdc` that carries the plan out, `next` for a command that only looks:
 * there the next batch of `cdc` carries it out, and a `full` counts after that alone.
 */
export const noticeOf = (
  { source: { dataset, table }, found, reason }: PlannedTable,
  when: "now" | "next",
): TableNotice | undefined => {
  const name = printTable(table)
  const begun = when === "now" ? "Run" : "Let `cdc` begin with it, then run"
  const copy = `${begun} \`node dist/main.js full\`: until then "${dataset}" is not complete`
  switch (found._tag) {
    case "Renamed":
      return {
        found: `Table ${name} is ${printTable(found.to)} now: "${dataset}" goes on under that name`,
        advice: `Write ${printInSql(found.to)}=${dataset} in SOURCE_TABLES`,
      }
    case "Dropped":
      return {
        found: `Table ${name} does not exist any more. What the WAL holds of it is written to "${dataset}", and the other tables go on`,
        advice:
          "Take it out of SOURCE_TABLES if it will not come back: its objects stay. `full` fails until then",
      }
    case "New":
    case "Again":
      return {
        found: `Table ${name} is followed from ${when === "now" ? "now" : "the next batch of `cdc`"} on`,
        advice: copy,
      }
    default:
      return reason === "replaced"
        ? {
            found: `Another table bears the name ${name} now, and "${dataset}" goes on with that one`,
            advice: copy,
          }
        : undefined
  }
}

/** Of a dataset whose newest copy and changes leave a gap, where `cdc` has noted why; none of a complete one. */
export const incompleteNotice = (
  dataset: string,
  { state, reason }: DatasetCompleteness,
): TableNotice | undefined =>
  state === "waiting for full" || state === "needs full"
    ? {
        found: `its dataset ${state === "needs full" ? "" : "is "}${state}${Option.match(reason, { onNone: () => "", onSome: (why) => ` (${why})` })}`,
        advice: `Run \`node dist/main.js full\` while \`cdc\` follows it: until then "${dataset}" is not complete`,
      }
    : undefined

export const printNotice = ({ found, advice }: TableNotice): string => `${found}. ${advice}`
