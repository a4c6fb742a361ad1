/** A line of the slot through the tokenizer and the row writer, as the pipeline writes it. */
import { Buffer } from "node:buffer"
import { ColumnsFit } from "../../../src/core/row/ColumnsFit.ts"
import { type Columns, type CommitFields, columnsOf } from "../../../src/core/row/IncRow.ts"
import { IncRowWriter } from "../../../src/core/row/IncRowWriter.ts"
import { RowBuffer } from "../../../src/core/row/RowBuffer.ts"
import { SlotLine } from "../../../src/core/slot/SlotLine.ts"
import { RowTokenizer } from "../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../src/core/slot/tokens/TableMemo.ts"
import { namesOf } from "../../../src/core/slot/tokens/TupleSpans.ts"

/** A line among others, in the same bytes. */
export const lineAmongOthers = (text: string, isMarked = false): SlotLine => {
  const bytes = Buffer.from(`'${text} x[text]:'more'`, "latin1")
  return new SlotLine(1, bytes, 0, 1, 1 + text.length, isMarked)
}

/** The columns of the object that the line begins. */
export const columnsIn = (tokens: RowTokenizer): Columns => {
  if (tokens.tag === "Truncate") return []
  return tokens.tag === "Delete" ? namesOf(tokens.old) : columnsOf(tokens)
}

const writer = new IncRowWriter()
const rows = new RowBuffer()

/** The row of the line that was read, which ends the buffer of rows exactly. */
export const rowIn = (tokens: RowTokenizer, columns: Columns, commit: CommitFields, seq: number): string => {
  const before = "a row before\n"
  rows.push(before)
  writer.beginTransaction(commit)
  writer.append(tokens, new ColumnsFit(columns), seq, rows)
  const text = Buffer.from(rows.filled).toString("latin1")
  rows.clear()
  return text.slice(before.length)
}

/** The row of a line; undefined where it cannot be read. `tokens` may know the lines before. */
export const writtenRow = (
  text: string,
  commit: CommitFields,
  seq: number,
  {
    columns,
    tokens = new RowTokenizer(unprojected),
  }: { readonly columns?: Columns; readonly tokens?: RowTokenizer } = {},
): string | undefined =>
  tokens.read(lineAmongOthers(text)) ? rowIn(tokens, columns ?? columnsIn(tokens), commit, seq) : undefined
