/** Entries of COLUMNS_EXCLUDE and COLUMNS_HASH that are about no column: `cdc` and `doctor` warn of them. */
import { type ColumnRules, type NamedColumns, unmatchedEntries } from "../core/columns/Projection.ts"

export const unmatchedAdvice =
  "Correct the entry, or remove it. Names are folded to lower case unless they are quoted."

/** Returns one sentence per entry, without its full stop. */
export const unmatchedSettings = (
  { excluded, hashed }: ColumnRules,
  tables: ReadonlyArray<NamedColumns>,
): ReadonlyArray<string> =>
  (
    [
      ["COLUMNS_EXCLUDE", excluded],
      ["COLUMNS_HASH", hashed],
    ] as const
  ).flatMap(([setting, entries]) =>
    unmatchedEntries(entries, tables).map(
      ({ text }) => `${setting}: "${text}" matches no column of the tables in SOURCE_TABLES`,
    ),
  )
