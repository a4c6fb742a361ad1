/** A line of the slot through the tokenizer and the row writer, as the pipeline writes it. */
import { Buffer } from "node:buffer"
import { type CommitFields, type Shape, ShapeFit, shapeOf } from "../../../src/core/row/IncRow.ts"
import { IncRowWriter } from "../../../src/core/row/IncRowWriter.ts"
import { RowBuffer } from "../../../src/core/row/RowBuffer.ts"
import { SlotLine } from "../../../src/core/slot/SlotLine.ts"
import { RowTokenizer } from "../../../src/core/slot/tokens/RowTokenizer.ts"
import { namesOf } from "../../../src/core/slot/tokens/TupleSpans.ts"

/** A line among others, in the same bytes. */
export const lineAmongOthers = (text: string, isMarked = false): SlotLine => {
  const bytes = Buffer.from(`'${text} x[text]:'more'`, "latin1")
  return new SlotLine(1, bytes, 0, 1, 1 + text.length, isMarked)
}

/** The columns of the object that the line begins. */
export const shapeIn = (tokens: RowTokenizer): Shape => {
  if (tokens.tag === "Truncate") return []
  return tokens.tag === "Delete" ? namesOf(tokens.old) : shapeOf(tokens)
}

const writer = new IncRowWriter()
const rows = new RowBuffer()

/** The row of the line that was read, which ends the buffer of rows exactly. */
export const rowIn = (tokens: RowTokenizer, shape: Shape, commit: CommitFields, seq: number): string => {
  const before = "a row before\n"
  rows.push(before)
  writer.beginTransaction(commit)
  writer.append(tokens, new ShapeFit(shape), seq, rows)
  const text = Buffer.from(rows.filled).toString("latin1")
  rows.clear()
  return text.slice(before.length)
}

/** The row of a line; undefined where it cannot be read. `tokens` may know the lines before. */
export const writtenRow = (
  text: string,
  commit: CommitFields,
  seq: number,
  { shape, tokens = new RowTokenizer() }: { readonly shape?: Shape; readonly tokens?: RowTokenizer } = {},
): string | undefined =>
  tokens.read(lineAmongOthers(text)) ? rowIn(tokens, shape ?? shapeIn(tokens), commit, seq) : undefined
