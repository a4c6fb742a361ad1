/** What to do about changes that are in `inc` twice. A new `full` does not remove them. */
import { counted } from "../../core/text/CountedNoun.ts"

/** At most three keys: enough to find the rest. */
const listed = (keys: ReadonlyArray<string>): string =>
  keys.length <= 3 ? keys.join(", ") : `${keys.slice(0, 3).join(", ")} and ${keys.length - 3} more`

const howToRewrite = 'docs/reliability.md, "Rows that stand twice", has the statement'

/** Advice about an object whose `rows` are all in the objects `holders` too, with the same values. */
export const takeOutAdvice = (key: string, rows: number, holders: ReadonlyArray<string>): string =>
  `Take out ${key}: ${rows === 1 ? "its" : "all its"} ${counted(rows, "row stands", "rows stand")} in ${listed(holders)} too, with the same values`

/**
 * Advice about objects, in the order of writing, that share `shared` changes. `other` of these differ in their values. The
 * last object stays as it is, because `cdc` resumes at the last row of the newest object.
 */
export const shareAdvice = (keys: ReadonlyArray<string>, shared: number, other: number): string => {
  const [first = "", ...more] = keys
  if (other > 0) {
    const where = more.length === 0 ? `twice in ${first}` : `in each of ${listed(keys)}`
    return `${counted(other, "change stands", "changes stand")} ${where}, with other values: restore what was changed from a copy`
  }
  if (more.length === 0)
    return `Write ${first} anew with each row once, ${counted(shared, "row of it stands", "rows of it stand")} twice: ${howToRewrite}`
  const rest = keys.slice(0, -1)
  return `Write ${listed(rest)} anew without the ${counted(shared, "row")} that ${keys.at(-1)} has too: ${howToRewrite}`
}
