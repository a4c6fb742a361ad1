/** Reads the setting `SOURCE_TABLES`: `schema.table[=dataset]` or a pattern, and `!schema.pattern`, comma separated. */
import { Option, Result } from "effect"
import { printTable, sameTable, type TableName } from "../source/SourceTable.ts"
import { readNamePattern } from "./NamePattern.ts"
import {
  type ExclusionEntry,
  isDatasetName,
  matchesTable,
  type NamedEntry,
  placeholder,
  type TableEntry,
  type TablePattern,
} from "./TableEntry.ts"

const skipBlanks = (text: string, at: number): number => {
  let i = at
  while (text[i] === " " || text[i] === "\t" || text[i] === "\n") i++
  return i
}

/**
 * The cause is a name that needs quotes, or a dotenv file: where a value begins and ends with `"`, its reader takes these two
 * quotes away.
 */
const quoteIt = 'quote such a name as in SQL ("…"), and in .env put the whole list into single quotes'

/** A comma too many may stand for a table that was forgotten, or for a variable that was empty. */
const noName = (text: string, at: number): string => {
  if (text.trim() === "") return "it is empty: name a table as schema.table"
  if (at >= text.length) return "no table follows the last comma: take the comma out, or name the table"
  if (text[at] === ",") return "no table precedes a comma: take the comma out, or name the table"
  if (text[at] === '"') return "a quote is not closed"
  return `a table name is expected at "${text.slice(at, at + 20)}": ${quoteIt}`
}

/** What is wrong at `at`, after a name without its schema. */
const noSchema = (text: string, name: string, at: number): string =>
  /^\s*(?:[=,]|$)/.test(text.slice(at))
    ? `"${name}" has no schema: write schema.table, for example public.${name}`
    : `a "." is expected after "${name}", not "${text.slice(at, at + 20)}": ${quoteIt}`

interface Written {
  readonly pattern: TablePattern
  /** What stands behind `=`; undefined where there is none. */
  readonly dataset: string | undefined
  readonly end: number
}

const readWritten = (text: string, start: number): Result.Result<Written, string> => {
  const schema = readNamePattern(text, start)
  if (schema === undefined) return Result.fail(noName(text, start))
  const [schemaPattern, dot] = schema
  if (text[dot] !== ".") {
    return Result.fail(noSchema(text, schemaPattern.literal ?? text.slice(start, dot), dot))
  }
  const name = readNamePattern(text, dot + 1)
  if (name === undefined) {
    const isOpen = text[dot + 1] === '"'
    return Result.fail(
      isOpen ? "a quote is not closed" : `a table name is expected after "${text.slice(start, dot)}."`,
    )
  }
  const pattern = { schema: schemaPattern, name: name[0], text: text.slice(start, name[1]) }
  const end = skipBlanks(text, name[1])
  if (text[end] !== "=") return Result.succeed({ pattern, dataset: undefined, end })
  const comma = text.indexOf(",", end)
  const stop = comma === -1 ? text.length : comma
  return Result.succeed({ pattern, dataset: text.slice(end + 1, stop).trim(), end: stop })
}

const namedEntry = (table: TableName, written: string | undefined): Result.Result<TableEntry, string> => {
  const dataset = written ?? table.name
  return isDatasetName(dataset)
    ? Result.succeed({ _tag: "Named", table, dataset })
    : Result.fail(
        `the dataset "${dataset}" of ${printTable(table)} may hold only letters, digits, "_" and "-": give one after "=", for example ${printTable(table)}=clientes`,
      )
}

const patternEntry = (
  pattern: TablePattern,
  written: string | undefined,
): Result.Result<TableEntry, string> => {
  const dataset = written ?? (pattern.schema.literal === undefined ? "{schema}_{table}" : "{table}")
  if (!isDatasetName(dataset.replace(placeholder, "x"))) {
    return Result.fail(
      `the dataset "${dataset}" of the pattern ${pattern.text} may hold only letters, digits, "_", "-", {schema} and {table}`,
    )
  }
  return dataset.search(placeholder) === -1
    ? Result.fail(
        `the pattern ${pattern.text} gives all its tables the dataset "${dataset}": write {schema} or {table} in it, for example ${dataset}_{table}`,
      )
    : Result.succeed({ _tag: "Pattern", pattern, dataset })
}

const readEntry = (text: string, from: number): Result.Result<readonly [TableEntry, number], string> => {
  const begin = skipBlanks(text, from)
  const isExclusion = text[begin] === "!"
  const written = readWritten(text, isExclusion ? skipBlanks(text, begin + 1) : begin)
  if (Result.isFailure(written)) return Result.fail(written.failure)
  const { pattern, dataset, end } = written.success
  const { schema, name } = pattern
  if (isExclusion) {
    return dataset === undefined
      ? Result.succeed([{ _tag: "Exclusion", pattern }, end])
      : Result.fail(`!${pattern.text} leaves tables out, and so has no dataset: take "=${dataset}" out`)
  }
  const entry =
    schema.literal !== undefined && name.literal !== undefined
      ? namedEntry({ schema: schema.literal, name: name.literal }, dataset)
      : patternEntry(pattern, dataset)
  return Result.map(entry, (one) => [one, end] as const)
}

/** Reads a name or pattern `schema.table` at `at`, and where it ends; undefined for other text. */
export const readTablePattern = (
  text: string,
  at: number,
): { readonly pattern: TablePattern; readonly end: number } | undefined =>
  Option.getOrUndefined(Result.getSuccess(readWritten(text, at)))

/** What is wrong with an entry beside those before it. */
const conflict = (entries: ReadonlyArray<TableEntry>, entry: TableEntry): string | undefined => {
  if (entry._tag === "Named") {
    const twin = entries.find(
      (one): one is NamedEntry =>
        one._tag === "Named" && (one.dataset === entry.dataset || sameTable(one.table, entry.table)),
    )
    if (twin === undefined) return undefined
    return sameTable(twin.table, entry.table)
      ? `${printTable(entry.table)} is named twice`
      : `the dataset "${entry.dataset}" is given to ${printTable(twin.table)} and to ${printTable(entry.table)}: each needs its own`
  }
  const isTwice = entries.some(
    (one) =>
      one._tag === entry._tag &&
      one.pattern.schema.regex === entry.pattern.schema.regex &&
      one.pattern.name.regex === entry.pattern.name.regex,
  )
  return isTwice ? `${entry._tag === "Exclusion" ? "!" : ""}${entry.pattern.text} is named twice` : undefined
}

/** What is wrong with the list as a whole. */
const wholeConflict = (entries: ReadonlyArray<TableEntry>): string | undefined => {
  if (entries.every(({ _tag }) => _tag === "Exclusion"))
    return "it only leaves tables out: name a table or a pattern too, for example public.*"
  for (const one of entries) {
    if (one._tag !== "Named") continue
    const out = entries.find(
      (other): other is ExclusionEntry =>
        other._tag === "Exclusion" && matchesTable(other.pattern, one.table),
    )
    if (out !== undefined) return `${printTable(one.table)} is named, and !${out.pattern.text} leaves it out`
  }
  return undefined
}

/** Reads the whole list. Fails with what is wrong, in one sentence. */
export const parseTableEntries = (text: string): Result.Result<ReadonlyArray<TableEntry>, string> => {
  const entries: Array<TableEntry> = []
  for (let at = 0; ; ) {
    const read = readEntry(text, at)
    if (Result.isFailure(read)) return Result.fail(read.failure)
    const [entry, end] = read.success
    const why = conflict(entries, entry)
    if (why !== undefined) return Result.fail(why)
    entries.push(entry)
    if (end >= text.length) break
    if (text[end] !== ",")
      return Result.fail(`a comma is expected before "${text.slice(end, end + 20)}": ${quoteIt}`)
    at = end + 1
  }
  const why = wholeConflict(entries)
  return why === undefined ? Result.succeed(entries) : Result.fail(why)
}
