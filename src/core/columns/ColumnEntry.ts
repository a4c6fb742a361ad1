/**
 * The entries of `COLUMNS_EXCLUDE` and `COLUMNS_HASH`: `schema.table.column`, each part a name or a pattern
 * (`NamePattern.ts`). `*.column` is the column of every table.
 */
import { Result } from "effect"
import type { TableName } from "../source/SourceTable.ts"
import { matchesName, type NamePattern, readNamePattern } from "../tables/NamePattern.ts"

export interface ColumnEntry {
  /** Undefined for every table. */
  readonly table: { readonly schema: NamePattern; readonly name: NamePattern } | undefined
  readonly column: NamePattern
  /** As the setting has it, for messages. */
  readonly text: string
}

/** PostgreSQL folds ASCII letters of unquoted names only, `readNamePattern` all letters: both forms of a name match. */
const foldBeyondAscii = (name: string): string =>
  name.replace(/[\u0080-\uffff]+/g, (letters) => letters.toLowerCase())

const matches = (pattern: NamePattern, name: string): boolean =>
  matchesName(pattern, name) || matchesName(pattern, foldBeyondAscii(name))

export const concernsTable = ({ table }: ColumnEntry, { schema, name }: TableName): boolean =>
  table === undefined || (matches(table.schema, schema) && matches(table.name, name))

export const concernsColumn = ({ column }: ColumnEntry, name: string): boolean => matches(column, name)

/** An empty variable may be one that was not expanded: it must not mean that nothing is masked. */
const noName = (text: string, at: number): string => {
  if (text.trim() === "") return "it is empty: name a column as schema.table.column, or unset it"
  if (at >= text.length) return "no column follows the last comma: take the comma out, or name the column"
  if (text[at] === ",") return "no column precedes a comma: take the comma out, or name the column"
  if (text[at] === "!") return "an entry cannot begin with !: name the columns that it is about"
  return `a name is expected at "${text.slice(at, at + 20)}"`
}

const entryOf = (parts: ReadonlyArray<NamePattern>, text: string): Result.Result<ColumnEntry, string> => {
  const [first, second, third] = parts
  if (parts.length === 3 && first && second && third) {
    return Result.succeed({ table: { schema: first, name: second }, column: third, text })
  }
  if (parts.length === 2 && second && /^\*\./.test(text)) {
    return Result.succeed({ table: undefined, column: second, text })
  }
  return Result.fail(
    parts.length < 3
      ? `"${text}" names no column of a table: write schema.table.column, or *.column for every table`
      : `"${text}" has more than three parts: write schema.table.column`,
  )
}

const blank = /[ \t\n]/

const skipBlanks = (text: string, at: number): number => {
  let to = at
  while (to < text.length && blank.test(text[to] ?? "")) to++
  return to
}

/** Returns the entry at `from`, or what is wrong with it, and the offset after it. */
const readEntry = (text: string, from: number): readonly [Result.Result<ColumnEntry, string>, number] => {
  const start = skipBlanks(text, from)
  const parts: Array<NamePattern> = []
  let at = start
  for (;;) {
    const read = readNamePattern(text, at)
    if (read === undefined) return [Result.fail(noName(text, at)), at]
    parts.push(read[0])
    at = read[1]
    if (text[at] !== ".") break
    at++
  }
  const end = skipBlanks(text, at)
  if (end < text.length && text[end] !== ",") {
    return [Result.fail(`a comma is expected before "${text.slice(end, end + 20)}"`), end]
  }
  return [entryOf(parts, text.slice(start, at)), end]
}

/** Reads the whole list. Fails with the problems of all entries. */
export const parseColumnList = (text: string): Result.Result<ReadonlyArray<ColumnEntry>, string> => {
  const entries: Array<ColumnEntry> = []
  const problems: Array<string> = []
  for (let at = 0; ; ) {
    const [entry, end] = readEntry(text, at)
    if (Result.isSuccess(entry)) entries.push(entry.success)
    else problems.push(entry.failure)
    const comma = text.indexOf(",", end)
    if (comma === -1) break
    at = comma + 1
  }
  return problems.length > 0 ? Result.fail(problems.join("; ")) : Result.succeed(entries)
}
