/** The tables that `full` copies: all of SOURCE_TABLES, or those that `--tables` names. */
import { Option, Result } from "effect"
import { printTable, type SourceTable, type TableName } from "../core/source/SourceTable.ts"
import { matchesTable, type TablePattern } from "../core/tables/TableEntry.ts"
import { readTablePattern } from "../core/tables/TableEntryText.ts"
import { type TableSelection, tablesIn, type UnusableTable } from "../core/tables/TableSelection.ts"
import { TablesRefused } from "../services/source/TablesRefused.ts"

const unusableProblem = ({ table, problem, advice }: UnusableTable): string =>
  `Table ${printTable(table)} matches a pattern in SOURCE_TABLES and cannot be copied: ${problem}. ${advice}.`

/** An empty variable of a shell must not end well without a copy. */
const noName = "a name is missing. Name tables, patterns or datasets, comma separated."

const unknownName = (text: string): string =>
  `"${text}" is no table or dataset of SOURCE_TABLES. Add it there, or correct the name; \`node dist/main.js status\` lists them.`

/** One part of `--tables`: a dataset, or a table's name or pattern. */
interface Choice {
  readonly text: string
  readonly pattern: TablePattern | undefined
}

const choicesIn = (only: string): ReadonlyArray<Choice> => {
  const choices: Array<Choice> = []
  for (let at = 0; at <= only.length; ) {
    const rest = only.slice(at).trimStart()
    const start = only.length - rest.length
    const pattern = readTablePattern(only, start)
    const comma = only.indexOf(",", pattern?.end ?? start)
    const end = comma === -1 ? only.length : comma
    choices.push({ text: only.slice(start, end).trim(), pattern: pattern?.pattern })
    at = end + 1
  }
  return choices
}

const isChosen = ({ text, pattern }: Choice, table: TableName, dataset?: string): boolean =>
  pattern === undefined ? dataset === text : matchesTable(pattern, table)

/** Fails with all problems together (exit 2). Unusable tables that `only` does not name do not matter. */
export const chosenTables = (
  selection: TableSelection,
  only: Option.Option<string>,
): Result.Result<ReadonlyArray<SourceTable>, TablesRefused> => {
  const all = tablesIn(selection)
  const choices = Option.match(only, { onNone: () => undefined, onSome: choicesIn })
  const unusable = selection.unusable.filter(
    ({ table }) => choices?.some((choice) => isChosen(choice, table)) ?? true,
  )
  const empty = (choices ?? []).filter(
    (choice) =>
      !all.some(({ table, dataset }) => isChosen(choice, table, dataset)) &&
      !unusable.some(({ table }) => isChosen(choice, table)),
  )
  const problems = [
    ...unusable.map(unusableProblem),
    ...empty.map(({ text }) => `--tables: ${text === "" ? noName : unknownName(text)}`),
  ]
  if (problems.length > 0) return Result.fail(new TablesRefused({ problems, exitCode: 2 }))
  return Result.succeed(
    choices === undefined
      ? all
      : all.filter(({ table, dataset }) => choices.some((choice) => isChosen(choice, table, dataset))),
  )
}
