/**
 * The tables to copy, and the dataset of each in the lake: the setting `SOURCE_TABLES`.
 *
 * Names follow SQL: unquoted ones are folded to lower case, quoted ones are kept and double their quotes.
 * Source: PostgreSQL manual, "Identifiers and Key Words".
 */
import { Option, Result } from "effect"
import { printName } from "../slot/text/PrintedName.ts"

export interface TableName {
  readonly schema: string
  readonly name: string
}

export interface SourceTable {
  readonly table: TableName
  /** Names the table's objects in the lake: `full_<dataset>_….csv`. */
  readonly dataset: string
}

/** Quotes always, so that no name is read as a keyword. */
export const quoteIdentifier = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`

/** `"db_loja"."cliente"`: for SQL and for messages. */
export const printTable = (table: TableName): string =>
  `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`

/** `db_loja.cliente`, quoted only if SQL needs it: for the watermark. */
export const printInSql = ({ schema, name }: TableName): string => `${printName(schema)}.${printName(name)}`

export const sameTable = (a: TableName, b: TableName): boolean => a.schema === b.schema && a.name === b.name

const datasetName = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/
const part = /(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))/y

/** Reads one part of a name at `at`. Returns its value and the offset after it. */
const readPart = (text: string, at: number): readonly [string, number] | undefined => {
  part.lastIndex = at
  const match = part.exec(text)
  if (match === null) return undefined
  const value = match[1] === undefined ? (match[2] ?? "").toLowerCase() : match[1].replaceAll('""', '"')
  return [value, part.lastIndex]
}

/** Reads the output of `printInSql` and `printTable`; none for any other text. */
export const parseTable = (text: string): Option.Option<TableName> => {
  const schema = readPart(text, 0)
  if (schema === undefined || text[schema[1]] !== ".") return Option.none()
  const name = readPart(text, schema[1] + 1)
  return name?.[1] === text.length ? Option.some({ schema: schema[0], name: name[0] }) : Option.none()
}

const skipBlanks = (text: string, at: number): number => {
  let i = at
  while (text[i] === " " || text[i] === "\t" || text[i] === "\n") i++
  return i
}

/** An extra comma may mean a forgotten table, or an empty variable. */
const noName = (text: string, at: number): string => {
  if (text.trim() === "") return "it is empty: name a table as schema.table"
  if (at >= text.length) return "no table follows the last comma: take the comma out, or name the table"
  if (text[at] === ",") return "no table precedes a comma: take the comma out, or name the table"
  if (text[at] === '"') return "a quote is not closed"
  return `a table name is expected at "${text.slice(at, at + 20)}"`
}

/**
 * The cause is a name that needs quotes, or a dotenv file: where a value begins and ends with `"`, its reader takes these two
 * quotes away.
 */
const quoteIt = 'quote such a name as in SQL ("…"), and in .env put the whole list into single quotes'

/** What is wrong at `at`, after a name without its schema. */
const noSchema = (text: string, name: string, at: number): string =>
  /^\s*(?:[=,]|$)/.test(text.slice(at))
    ? `"${name}" has no schema: write schema.table, for example public.${name}`
    : `a "." is expected after "${name}", not "${text.slice(at, at + 20)}": ${quoteIt}`

const readEntry = (text: string, from: number): Result.Result<readonly [SourceTable, number], string> => {
  const start = skipBlanks(text, from)
  const schema = readPart(text, start)
  if (schema === undefined) return Result.fail(noName(text, start))
  if (text[schema[1]] !== ".") return Result.fail(noSchema(text, schema[0], schema[1]))
  const name = readPart(text, schema[1] + 1)
  if (name === undefined) {
    const open = text[schema[1] + 1] === '"'
    return Result.fail(open ? "a quote is not closed" : `a table name is expected after "${schema[0]}."`)
  }
  const table = { schema: schema[0], name: name[0] }
  let end = skipBlanks(text, name[1])
  let dataset = table.name
  if (text[end] === "=") {
    const comma = text.indexOf(",", end)
    const stop = comma === -1 ? text.length : comma
    dataset = text.slice(end + 1, stop).trim()
    end = stop
  }
  if (!datasetName.test(dataset)) {
    return Result.fail(
      `the dataset "${dataset}" of ${printTable(table)} may hold only letters, digits, "_" and "-": give one after "=", for example ${printTable(table)}=clientes`,
    )
  }
  return Result.succeed([{ table, dataset }, end])
}

/** Reads the whole list. Fails with one sentence. */
export const parseSourceTables = (text: string): Result.Result<ReadonlyArray<SourceTable>, string> => {
  const tables: Array<SourceTable> = []
  let at = 0
  while (true) {
    const entry = readEntry(text, at)
    if (Result.isFailure(entry)) return Result.fail(entry.failure)
    const [named, end] = entry.success
    const twin = tables.find((t) => t.dataset === named.dataset || sameTable(t.table, named.table))
    if (twin !== undefined) {
      return Result.fail(
        sameTable(twin.table, named.table)
          ? `${printTable(named.table)} is named twice`
          : `the dataset "${named.dataset}" is given to ${printTable(twin.table)} and to ${printTable(named.table)}: each needs its own`,
      )
    }
    tables.push(named)
    if (end >= text.length) return Result.succeed(tables)
    if (text[end] !== ",")
      return Result.fail(`a comma is expected before "${text.slice(end, end + 20)}": ${quoteIt}`)
    at = end + 1
  }
}
