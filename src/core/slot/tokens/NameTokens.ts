/** Reads the names and types in a line, as `PrintedName.ts` describes them. */
import { dot, isDigit, isNameLetter, openBracket, quote, space } from "../../bytes/Ascii.ts"
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import type { Table } from "../Change.ts"
import { type Column, column } from "./Column.ts"
import type { LineCursor } from "./LineCursor.ts"

/** Returns the offset after the name at `at`, or -1 if there is none or its quotes are not closed. */
const endOfName = (bytes: Buffer, at: number, end: number): number => {
  if (at >= end) return -1
  const first = bytes[at] ?? 0
  if (first === quote) return endOfQuotes(bytes, at, end)
  if (!isNameLetter(first)) return -1
  let to = at + 1
  for (; to < end; to++) {
    const code = bytes[to] ?? 0
    if (!isNameLetter(code) && !isDigit(code)) break
  }
  return to
}

const endOfQuotes = (bytes: Buffer, at: number, end: number): number => {
  for (let to = at + 1; to < end; to++) {
    const code = bytes[to]
    if (code === 0) return -1
    if (code !== quote) continue
    if (to + 1 < end && bytes[to + 1] === quote) to++
    else return to === at + 1 ? -1 : to + 1
  }
  return -1
}

const nameIn = ({ bytes }: LineCursor, from: number, to: number): string =>
  bytes[from] === quote
    ? bytes.toString("latin1", from + 1, to - 1).replaceAll('""', '"')
    : bytes.toString("latin1", from, to)

const colonMark = new FixedBytes(":")
const commaMark = new FixedBytes(", ")

/** Reads `public.a, public.b:`, the colon included. An empty list is valid: the server's code can print no table. */
export const readTables = (cursor: LineCursor): ReadonlyArray<Table> | undefined => {
  const { bytes, end } = cursor
  const tables: Array<Table> = []
  if (cursor.skip(colonMark)) return tables
  while (true) {
    const { at } = cursor
    const schemaEnd = endOfName(bytes, at, end)
    if (schemaEnd === -1 || schemaEnd >= end || bytes[schemaEnd] !== dot) {
      cursor.fail("a schema and a dot")
      return undefined
    }
    cursor.at = schemaEnd + 1
    const nameEnd = endOfName(bytes, cursor.at, end)
    if (nameEnd === -1) {
      cursor.fail("a table")
      return undefined
    }
    tables.push({ schema: nameIn(cursor, at, schemaEnd), name: nameIn(cursor, schemaEnd + 1, nameEnd) })
    cursor.at = nameEnd
    if (cursor.skip(colonMark)) return tables
    if (!cursor.skip(commaMark)) {
      cursor.fail("a colon or another table")
      return undefined
    }
  }
}

const typeEndMark = new FixedBytes("]:")
const arrayMark = new FixedBytes("[]")

/** Reads ` nome[character varying]:`. */
export const readColumn = (cursor: LineCursor): Column | undefined => {
  const { at, bytes, end, view } = cursor
  if (at >= end || bytes[at] !== space) {
    cursor.fail("a space or the end of the line")
    return undefined
  }
  const nameEnd = endOfName(bytes, at + 1, end)
  if (nameEnd === -1 || nameEnd >= end || bytes[nameEnd] !== openBracket) {
    cursor.fail("a column name and [")
    return undefined
  }
  const typeEnd = endOfType(cursor, nameEnd + 1)
  cursor.at = nameEnd + 1
  if (typeEnd === -1 || !typeEndMark.isAt(view, typeEnd, end)) {
    cursor.fail("a type and ]:")
    return undefined
  }
  cursor.at = typeEnd + 2
  return column(
    cursor.text(at, cursor.at),
    nameIn(cursor, at + 1, nameEnd),
    cursor.text(nameEnd + 1, typeEnd),
  )
}

/**
 * Returns the offset after a type as `format_type` prints it without a modifier: `integer`, `timestamp with time zone`,
 * `"char"`, `s."My]Type"[]`.
 */
const endOfType = ({ bytes, view, end }: LineCursor, at: number): number => {
  let to = endOfName(bytes, at, end)
  if (to === -1) return -1
  if (to < end && bytes[to] === dot) to = endOfName(bytes, to + 1, end)
  else while (to !== -1 && to < end && bytes[to] === space) to = endOfName(bytes, to + 1, end)
  return to !== -1 && arrayMark.isAt(view, to, end) ? to + 2 : to
}
