/** Tells people about a changed table, with the next action. */
import { Option } from "effect"
import type { DatasetCompleteness } from "../../core/lake/DatasetState.ts"
import { printInSql, printTable } from "../../core/source/SourceTable.ts"
import type { PlannedTable } from "./PlannedTable.ts"

export interface TableNotice {
  /** What happened, to what; without the full stop. */
  readonly problem: string
  /** The next action; without the full stop. */
  readonly advice: string
}

/**
 * Returns undefined if there is nothing to do. `now` is for the `cdc` that carries the plan out; `next` is for a command that
 * only reports. Then the next batch of `cdc` carries it out, and a `full` counts only after that.
 */
export const noticeOf = (
  { source: { dataset, table }, kind, reason, entriesToWrite }: PlannedTable,
  when: "now" | "next",
): TableNotice | undefined => {
  const name = printTable(table)
  const begun = when === "now" ? "Run" : "Let `cdc` begin with it, then run"
  const copy = `${begun} \`node dist/main.js full\`: until then "${dataset}" is not complete`
  switch (kind._tag) {
    case "Renamed":
      return {
        problem: `Table ${name} is ${printTable(kind.to)} now: "${dataset}" goes on under that name`,
        advice: `Write ${printInSql(kind.to)}=${dataset} in SOURCE_TABLES${entriesToWrite === undefined ? "" : `, and ${entriesToWrite}, because entries go by the name that SOURCE_TABLES has`}`,
      }
    case "Dropped":
      return {
        problem: `Table ${name} does not exist any more. Its changes in the WAL are written to "${dataset}", and the other tables go on`,
        advice:
          "Take it out of SOURCE_TABLES if it will not come back: its objects stay. `full` fails until then",
      }
    case "New":
    case "Again":
      return {
        problem: `Table ${name} is followed from ${when === "now" ? "now" : "the next batch of `cdc`"} on`,
        advice: copy,
      }
    default:
      if (reason === undefined) return undefined
      if (reason === "attached" || reason === "detached")
        return {
          problem: `Partitions of ${name} were attached, detached, dropped or renamed, and the WAL does not hold what that changed`,
          advice: copy,
        }
      if (reason === "rewritten")
        return {
          problem: `ALTER TABLE has changed the columns of ${name}, and its rows were written anew: values that it has changed are not in the WAL. A VACUUM FULL, CLUSTER or TRUNCATE beside an ALTER TABLE looks the same, and has changed none`,
          advice: copy,
        }
      return reason === "masked"
        ? {
            problem: `The settings of columns (COLUMNS_EXCLUDE, COLUMNS_HASH, its key, or ON_NEW_COLUMN) are others now for ${name}`,
            advice: `${copy}. Objects written before keep their values: \`doctor\` lists them`,
          }
        : {
            problem: `Another table has the name ${name} now, and "${dataset}" goes on with that one`,
            advice: copy,
          }
  }
}

/** Returns the notice for a dataset with a gap between its newest copy and its changes; undefined for a complete one. */
export const incompleteNotice = (
  dataset: string,
  { state, reason }: DatasetCompleteness,
): TableNotice | undefined =>
  state === "waiting for full" || state === "needs full"
    ? {
        problem: `its dataset ${state === "needs full" ? "" : "is "}${state}${Option.match(reason, { onNone: () => "", onSome: (why) => ` (${why})` })}`,
        advice: `Run \`node dist/main.js full\` while \`cdc\` follows it: until then "${dataset}" is not complete`,
      }
    : undefined

export const printNotice = ({ problem, advice }: TableNotice): string => `${problem}. ${advice}`
