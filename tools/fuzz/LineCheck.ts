/** What must hold of any line of a slot, damaged or not: the decoder and the fast way of its rows say the same of it. */
import { Result } from "effect"
import { readRowLine } from "../../src/cdc/rows/RowLine.ts"
import * as Lsn from "../../src/core/Lsn.ts"
import { fitsShape, type Insert, incRow, type RowChange, shapeOf } from "../../src/core/row/IncRow.ts"
import { RowBuffer } from "../../src/core/row/RowBuffer.ts"
import { CommitBytes, RowTranscoder } from "../../src/core/row/RowTranscoder.ts"
import type { Change } from "../../src/core/slot/Change.ts"
import { SlotLine } from "../../src/core/slot/SlotLine.ts"
import { decodeChange } from "../../src/core/slot/TestDecoding.ts"
import { type Literal, literalOf } from "../../src/core/slot/text/PrintedLiteral.ts"
import { printName } from "../../src/core/slot/text/PrintedName.ts"
import { printChange } from "../../src/core/slot/text/TestDecodingPrinter.ts"
import { rowOf as plainRow, readInParts, windowedRow } from "../../test/support/slot/longLineRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }
const seq = 7

/** An INSERT that the fast way knows, so that it takes lines of the same table and columns. */
export interface KnownRow {
  readonly insert: Insert
  readonly transcoder: RowTranscoder
}

/** None where a row names a column twice, which no table does. */
export const knownRow = (insert: Insert): KnownRow | undefined =>
  new Set(shapeOf(insert)).size === insert.row.length
    ? { insert, transcoder: new RowTranscoder(insert.table, insert.row) }
    : undefined

export interface LineVerdict {
  /** None where all holds. Never holds the line. */
  readonly problem?: string
  readonly isDecoded: boolean
  /** The fast way took it. */
  readonly isFast: boolean
}

/** Servers differ in which plain names they quote: keywords. All other quotes stand where they stood. */
const withoutNeedlessQuotes = (text: string): string =>
  text.replaceAll(/(?<=[ .])"([a-z_][a-z0-9_]*)"(?=[.:,[])/g, "$1")

const isRow = (change: Change | undefined): change is RowChange =>
  change?._tag === "Insert" ||
  change?._tag === "Update" ||
  change?._tag === "Delete" ||
  change?._tag === "Truncate"

const printedName = /^(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")$/

/** What the server prints without quotes, by the manual's rules and not by those of the reader. */
const printedValues: Readonly<Record<Literal, RegExp>> = {
  number: /^(?:-?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Infinity)|NaN)$/,
  boolean: /^(?:true|false)$/,
  bits: /^[01]*$/,
  text: /(?:)/,
}

/** Reader and printer share what a name and a value are, so those are looked at by themselves. */
const wordProblem = (change: Change): string | undefined => {
  const tables = "tables" in change ? change.tables : "table" in change ? [change.table] : []
  const cells = [...("row" in change ? change.row : []), ...("before" in change ? (change.before ?? []) : [])]
  const names = [...tables.flatMap(({ schema, name }) => [schema, name]), ...cells.map(({ name }) => name)]
  if (!names.every((name) => printedName.test(printName(name)))) return "it takes what is no name"
  return cells.every(({ type, value }) => value == null || printedValues[literalOf(type)].test(value))
    ? undefined
    : "it takes what is no value"
}

/** Printed, an accepted line is the line again, and read again it is the same change. */
const decodingProblem = (text: string, change: Change): string | undefined => {
  const printed = printChange(change)
  if (printed !== text && withoutNeedlessQuotes(printed) !== withoutNeedlessQuotes(text)) {
    return "the decoder takes it for a change that prints otherwise"
  }
  const again = decodeChange(printed)
  // A value that was not sent is left out of the JSON, and so is not NULL there either.
  return Result.isSuccess(again) && JSON.stringify(again.success) === JSON.stringify(change)
    ? undefined
    : "the change that it prints reads back as another"
}

const commitBytes = new CommitBytes().set(commit)
const rows = new RowBuffer()

/** What the fast way makes of it; none where it leaves the line to the decoder. */
const fastRow = (text: string, { transcoder }: KnownRow): string | undefined => {
  // Other lines stand around it, in the same bytes.
  const bytes = Buffer.from(`'${text} x[text]:'more'`, "latin1")
  const line = new SlotLine(1, bytes, 0, 1, 1 + text.length)
  const tag = transcoder.append(line, seq, commitBytes, rows)
  const written = Buffer.from(rows.take()).toString("latin1")
  return tag === undefined && written === "" ? undefined : written
}

const decodedRow = (change: Change | undefined, { insert }: KnownRow): string | undefined => {
  if (!isRow(change) || change._tag === "Truncate") return undefined
  const isOurs = change.table.schema === insert.table.schema && change.table.name === insert.table.name
  const shape = shapeOf(insert)
  // An old row without any column is none that PostgreSQL prints.
  return isOurs && fitsShape(change, shape) ? incRow(change, shape, commit, seq) : undefined
}

/** Values of more than this many bytes become marks, as very long ones do. */
const markedFrom = 2

/** A line is cut there, and its values are read in windows of so many bytes. */
const windowBytes = 7

/** With marks for its values the line is taken where it is taken whole, and makes the same row. */
const longProblem = (text: string, change: Change | undefined): string | undefined => {
  if (!text.startsWith("table ")) return undefined
  const marked = readInParts(text, windowBytes, markedFrom)
  const long = Result.isSuccess(marked) ? Result.getOrUndefined(decodeChange(marked.success)) : undefined
  if ((long !== undefined) !== (change !== undefined && !text.includes("\0"))) {
    return "as a long line it is taken, and whole it is not, or the other way round"
  }
  if (!isRow(long) || !isRow(change) || Result.isFailure(marked)) return undefined
  return windowedRow(marked.success, text, windowBytes) === plainRow(text)
    ? undefined
    : "as a long line it makes another row"
}

/** The row that the program takes the line for. */
const rowOf = (text: string): RowChange | undefined => {
  const read = readRowLine(SlotLine.of(Lsn.zero, 1, text))
  return Result.getOrUndefined(read)
}

/** `known` is a row of the table that the line is likely to be of. */
export const checkLine = (text: string, known: KnownRow | undefined): LineVerdict => {
  const change = Result.getOrUndefined(decodeChange(text))
  const fast = known && fastRow(text, known)
  const verdict = { isDecoded: change !== undefined, isFast: fast !== undefined }
  const problem =
    (change && decodingProblem(text, change)) ??
    (text.includes("\0") ? undefined : change && wordProblem(change)) ??
    (known !== undefined && fast !== undefined && fast !== decodedRow(rowOf(text), known)
      ? "the fast way makes another row of it than the decoder"
      : undefined) ??
    longProblem(text, change)
  return problem === undefined ? verdict : { ...verdict, problem }
}
