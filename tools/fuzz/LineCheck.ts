/** What must hold of any line of a slot, damaged or not, alone, after another one and in parts. */
import { Result } from "effect"
import type { Change } from "../../src/core/slot/Change.ts"
import { decodeChange } from "../../src/core/slot/TestDecoding.ts"
import { type Literal, literalOf } from "../../src/core/slot/text/PrintedLiteral.ts"
import { printName } from "../../src/core/slot/text/PrintedName.ts"
import { printChange } from "../../src/core/slot/text/TestDecodingPrinter.ts"
import { changeIn } from "../../src/core/slot/tokens/ChangeView.ts"
import { RowTokenizer } from "../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../src/core/slot/tokens/TableMemo.ts"
import {
  changeRow,
  type Insert,
  isPossible,
  isRowChange,
  ownColumns,
} from "../../test/support/slot/changeRow.ts"
import {
  isMarkedRead,
  rowOf as plainRow,
  readInParts,
  windowedRow,
} from "../../test/support/slot/longLineRow.ts"
import { lineAmongOthers, rowIn } from "../../test/support/slot/writtenRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }
const seq = 7

/** An INSERT, and a tokenizer that has read it. */
export interface KnownRow {
  readonly insert: Insert
  readonly tokens: RowTokenizer
}

/** None where a row names a column twice, which no table does. */
export const knownRow = (insert: Insert): KnownRow | undefined => {
  const tokens = new RowTokenizer(unprojected)
  const isRead = tokens.read(lineAmongOthers(printChange(insert)))
  return isRead && isPossible(insert) ? { insert, tokens } : undefined
}

export interface LineVerdict {
  /** None where all holds. Never holds the line. */
  readonly problem?: string
  readonly isDecoded: boolean
  /** It is of the table of the known row, with the same columns. */
  readonly isKnown: boolean
}

/** Servers differ in which plain names they quote: keywords. All other quotes stand where they stood. */
const withoutNeedlessQuotes = (text: string): string =>
  text.replaceAll(/(?<=[ .])"([a-z_][a-z0-9_]*)"(?=[.:,[])/g, "$1")

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
  // The same text reads back as it did before.
  if (printed === text) return undefined
  if (withoutNeedlessQuotes(printed) !== withoutNeedlessQuotes(text)) {
    return "the decoder takes it for a change that prints otherwise"
  }
  const again = decodeChange(printed)
  // A value that was not sent is left out of the JSON, and so is not NULL there either.
  return Result.isSuccess(again) && JSON.stringify(again.success) === JSON.stringify(change)
    ? undefined
    : "the change that it prints reads back as another"
}

/** Read after a row of its table it is the same change, and makes the row of that change. */
const memoryProblem = (
  text: string,
  change: Change | undefined,
  { tokens }: KnownRow,
): string | undefined => {
  if (!text.startsWith("table ")) return undefined
  const isRead = tokens.read(lineAmongOthers(text))
  if (isRead !== (change !== undefined))
    return "after another line it is taken, and alone it is not, or the other way round"
  if (!isRowChange(change)) return undefined
  if (JSON.stringify(changeIn(tokens)) !== JSON.stringify(change))
    return "after another line it is another change"
  if (!isPossible(change)) return undefined
  const columns = ownColumns(change)
  return rowIn(tokens, columns, commit, seq) === changeRow(change, columns, commit, seq)
    ? undefined
    : "it makes another row than its change"
}

/** Values of more than this many bytes become marks, as very long ones do. */
const markedFrom = 2

/** A line is cut there, and its values are read in windows of so many bytes. */
const windowBytes = 7

/** With marks for its values the line is taken where it is taken whole, and makes the same row. */
const longProblem = (text: string, change: Change | undefined): string | undefined => {
  if (!text.startsWith("table ")) return undefined
  const marked = readInParts(text, windowBytes, markedFrom)
  const isRead = Result.isSuccess(marked) && isMarkedRead(marked.success)
  if (isRead !== (change !== undefined)) {
    return "as a long line it is taken, and whole it is not, or the other way round"
  }
  if (!isRowChange(change) || Result.isFailure(marked)) return undefined
  return windowedRow(marked.success, text, windowBytes) === plainRow(text)
    ? undefined
    : "as a long line it makes another row"
}

/** `known` is a row of the table that the line is likely to be of. `inParts`: the line is also read as a long one. */
export const checkLine = (text: string, known: KnownRow | undefined, inParts: boolean): LineVerdict => {
  const change = Result.getOrUndefined(decodeChange(text))
  const columns = known?.tokens.table.columns
  const problem =
    (change && decodingProblem(text, change)) ??
    (change && wordProblem(change)) ??
    (known && memoryProblem(text, change, known)) ??
    (inParts ? longProblem(text, change) : undefined)
  const isKnown = change !== undefined && columns !== undefined && columns === known?.tokens.table.columns
  const verdict = { isDecoded: change !== undefined, isKnown }
  return problem === undefined ? verdict : { ...verdict, problem }
}
