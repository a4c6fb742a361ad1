/** Judges COLUMNS_EXCLUDE and COLUMNS_HASH. */
import { Result } from "effect"
import { unmatchedAdvice, unmatchedSettings } from "../../columns/UnmatchedEntries.ts"
import type { ColumnRules } from "../../core/columns/Projection.ts"
import { type Finding, warning } from "../Finding.ts"
import type { TableAnswer } from "./TableAnswers.ts"

export const columnsCheck = "columns"

/** Returns a finding for each entry that is about no column. None if a table is unknown: an entry may be about that. */
export const columnFindings = (
  rules: ColumnRules,
  answers: ReadonlyArray<TableAnswer>,
): ReadonlyArray<Finding> => {
  const known = answers.flatMap(({ source, facts }) =>
    Result.isSuccess(facts)
      ? [
          {
            names: [source.table, facts.success.description.table],
            columns: facts.success.description.columns.map(({ name }) => name),
          },
        ]
      : [],
  )
  if (known.length < answers.length) return []
  return unmatchedSettings(rules, known).map((problem) =>
    warning(columnsCheck, problem, { advice: unmatchedAdvice }),
  )
}
