/**
 * The tables of the source, and the dataset of each in the lake.
 *
 * Names follow SQL: unquoted ones are folded to lower case, quoted ones are kept and double their quotes.
 * Source: PostgreSQL manual, "Identifiers and Key Words".
 */
import { Option } from "effect"
import { printName } from "../slot/text/PrintedName.ts"

export interface TableName {
  readonly schema: string
  readonly name: string
}

export interface SourceTable {
  readonly table: TableName
  /** Names the table's objects in the lake: `full_<dataset>_….csv`. */
  readonly dataset: string
  /** The pattern that matches it, as it stands in the setting; undefined for a table that is named. */
  readonly pattern?: string
}

/** Quotes always, so that no name is read as a keyword. */
export const quoteIdentifier = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`

/** `"db_loja"."cliente"`: for SQL and for messages. */
export const printTable = (table: TableName): string =>
  `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`

/** `db_loja.cliente`, quoted only if SQL needs it: for the watermark. */
export const printInSql = ({ schema, name }: TableName): string => `${printName(schema)}.${printName(name)}`

export const sameTable = (a: TableName, b: TableName): boolean => a.schema === b.schema && a.name === b.name

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
