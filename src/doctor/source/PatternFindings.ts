/** Judges the patterns of SOURCE_TABLES: what they match, and how new tables will be called. */
import { printTable } from "../../core/source/SourceTable.ts"
import { patternEntries, type TableEntry } from "../../core/tables/TableEntry.ts"
import type { TableSelection } from "../../core/tables/TableSelection.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { type Finding, failed, ok, warning } from "../Finding.ts"

/** Datasets that a finding names. */
const namedDatasets = 12

const listed = (names: ReadonlyArray<string>): string =>
  names.slice(0, namedDatasets).join(", ") + (names.length > namedDatasets ? ", …" : "")

/** One finding per pattern, then one per table that a pattern matches and nobody follows. */
export const patternFindings = (
  entries: ReadonlyArray<TableEntry>,
  { matched, unusable, unmatched }: TableSelection,
): ReadonlyArray<Finding> => [
  ...patternEntries(entries).map(({ pattern: { text }, dataset }) => {
    const check = `pattern ${text}`
    const coming = `a new table gets the dataset ${dataset}`
    const datasets = matched.filter(({ pattern }) => pattern === text).map((one) => one.dataset)
    if (unmatched.includes(text)) {
      return warning(check, `it matches no table; ${coming}`, {
        advice: "Correct it in SOURCE_TABLES, if it should match some: capitals need quotes.",
      })
    }
    return ok(
      check,
      datasets.length === 0
        ? `no table that it matches can be followed; ${coming}`
        : `${counted(datasets.length, "table")}: ${listed(datasets)}; ${coming}`,
    )
  }),
  ...unusable.map(({ table, problem, advice }) =>
    failed(printTable(table), `a pattern matches it, and it is not followed: ${problem}`, {
      advice: `${advice}.`,
    }),
  ),
]
