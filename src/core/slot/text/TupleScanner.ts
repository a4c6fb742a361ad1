/**
 * Reads the columns of a tuple: ` name[type]:value`, one after the other.
 * Source: contrib/test_decoding/test_decoding.c, `tuple_to_stringinfo`.
 */
import type { Cell } from "../Change.ts"
import { type Column, type KnownTable, mostColumns, owned } from "../KnownTables.ts"
import { endOfMark } from "../LongLine.ts"
import { endOfBits, endOfNumber, literalOf } from "./PrintedLiteral.ts"
import { endOfName, readName } from "./PrintedName.ts"
import type { TextCursor } from "./TextCursor.ts"

const space = 0x20
const apostrophe = 0x27
const dot = 0x2e
const openBracket = 0x5b

/** A whole row, to the end of the line. It teaches `known` its columns. */
export const readRow = (cursor: TextCursor, known: KnownTable): ReadonlyArray<Cell> | undefined => {
  const { columns } = known
  const cells: Array<Cell> = []
  while (!cursor.atEnd) {
    let column = columns[cells.length]
    if (column === undefined || !cursor.skip(column.printed)) {
      column = readColumn(cursor)
      if (column === undefined) return undefined
      if (cells.length < mostColumns) columns[cells.length] = column
    }
    const cell = readCell(cursor, column)
    if (cell === undefined) return undefined
    cells.push(cell)
  }
  if (columns.length > cells.length) columns.length = cells.length
  return cells
}

const newTuple = " new-tuple:"

/** An old tuple, to the end of the line or to `new-tuple:`. Columns that were NULL are left out, so some are passed over. */
export const readOldTuple = (cursor: TextCursor, known: KnownTable): ReadonlyArray<Cell> | undefined => {
  const { columns } = known
  const cells: Array<Cell> = []
  let next = 0
  while (!cursor.atEnd && !cursor.text.startsWith(newTuple, cursor.at)) {
    let column = columns[next++]
    while (column !== undefined && !cursor.skip(column.printed)) column = columns[next++]
    column ??= readColumn(cursor)
    const cell = column && readCell(cursor, column)
    if (cell === undefined) return undefined
    cells.push(cell)
  }
  return cells
}

const readColumn = (cursor: TextCursor): Column | undefined => {
  const { at, text } = cursor
  if (text.charCodeAt(at) !== space) return cursor.fail("a space or the end of the line")
  const nameEnd = endOfName(text, at + 1)
  if (nameEnd === -1 || text.charCodeAt(nameEnd) !== openBracket) return cursor.fail("a column name and [")
  const typeEnd = endOfType(text, nameEnd + 1)
  cursor.at = nameEnd + 1
  if (typeEnd === -1 || !text.startsWith("]:", typeEnd)) return cursor.fail("a type and ]:")
  cursor.at = typeEnd + 2
  const type = text.slice(nameEnd + 1, typeEnd)
  return {
    printed: owned(text.slice(at, cursor.at)),
    name: owned(readName(text, at + 1, nameEnd)),
    type: owned(type),
    literal: literalOf(type),
  }
}

/** `integer`, `timestamp with time zone`, `"char"`, `s."My]Type"[]`: what `format_type` prints without a modifier. */
const endOfType = (text: string, at: number): number => {
  let end = endOfName(text, at)
  if (end === -1) return -1
  if (text.charCodeAt(end) === dot) end = endOfName(text, end + 1)
  else while (end !== -1 && text.charCodeAt(end) === space) end = endOfName(text, end + 1)
  return end !== -1 && text.startsWith("[]", end) ? end + 2 : end
}

const readCell = (cursor: TextCursor, column: Column): Cell | undefined => {
  const { name, type } = column
  const first = cursor.text.charCodeAt(cursor.at)
  if (first === 0x6e && cursor.skip("null")) return { name, type, value: null }
  if (first === 0x75 && cursor.skip("unchanged-toast-datum")) return { name, type, value: undefined }
  const value = readLiteral(cursor, column)
  return value === undefined ? undefined : { name, type, value }
}

const readLiteral = (cursor: TextCursor, column: Column): string | undefined => {
  switch (column.literal) {
    case "text":
      return readQuoted(cursor)
    case "number": {
      const number = endOfNumber(cursor.text, cursor.at)
      const end = number === -1 ? endOfMark(cursor.text, cursor.at) : number
      return end === -1 ? cursor.fail("a number") : cut(cursor, end)
    }
    case "boolean":
      if (cursor.skip("true")) return "true"
      return cursor.skip("false") ? "false" : cursor.fail("true or false")
    case "bits": {
      const start = cursor.at + 2
      const end = Math.max(endOfBits(cursor.text, start), endOfMark(cursor.text, start))
      if (!cursor.text.startsWith("B'", cursor.at) || cursor.text.charCodeAt(end) !== apostrophe) {
        return cursor.fail("bits such as B'101'")
      }
      cursor.at = end + 1
      return cursor.text.slice(start, end)
    }
  }
}

const cut = (cursor: TextCursor, end: number): string => {
  const value = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return value
}

const readQuoted = (cursor: TextCursor): string | undefined => {
  const { at, text } = cursor
  if (text.charCodeAt(at) !== apostrophe) return cursor.fail("a quoted value")
  let close = text.indexOf("'", at + 1)
  let doubled = false
  while (close !== -1 && text.charCodeAt(close + 1) === apostrophe) {
    doubled = true
    close = text.indexOf("'", close + 2)
  }
  if (close === -1) return cursor.fail("a quoted value that is closed")
  cursor.at = close + 1
  const value = text.slice(at + 1, close)
  return doubled ? value.replaceAll("''", "'") : value
}
