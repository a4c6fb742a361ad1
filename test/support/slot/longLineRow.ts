/** A line read in parts, and the row that its values make when they are read in windows. */
import { Result } from "effect"
import { LongValueHash } from "../../../src/core/columns/LongValueHash.ts"
import { ColumnsFit } from "../../../src/core/row/ColumnsFit.ts"
import { IncRowWriter } from "../../../src/core/row/IncRowWriter.ts"
import { LongValueEncoder } from "../../../src/core/row/LongValueEncoder.ts"
import { RowBuffer } from "../../../src/core/row/RowBuffer.ts"
import { type MarkInRow, splitAtMarks } from "../../../src/core/slot/LongLine.ts"
import { LongLineReader } from "../../../src/core/slot/LongLineReader.ts"
import { RowTokenizer } from "../../../src/core/slot/tokens/RowTokenizer.ts"
import { type ProjectionOf, unprojected } from "../../../src/core/slot/tokens/TableMemo.ts"
import { columnsIn, lineAmongOthers, writtenRow } from "./writtenRow.ts"

const commit = { lsn: "00000000/00000001", xid: 7, at: "2025-11-03 10:15:30+00" }

/** The row of a line that is read whole. */
export const rowOf = (text: string): string => writtenRow(text, commit, 1) ?? ""

const writer = new IncRowWriter()

/** The row of a line with marks, with marks. */
const markedRow = (marked: string, projectionOf: ProjectionOf) => {
  const tokens = new RowTokenizer(projectionOf)
  if (!tokens.read(lineAmongOthers(marked, true))) throw new Error(tokens.malformed.expected)
  writer.beginTransaction(commit)
  const row = writer.print(tokens, new ColumnsFit(columnsIn(tokens)), 1)
  return { row, projection: tokens.table.projection?.projection }
}

/** Whether a line with marks is read. */
export const isMarkedRead = (marked: string): boolean =>
  new RowTokenizer(unprojected).read(lineAmongOthers(marked, true))

/** The line as it is read in parts of `size` bytes, behind others of its transaction: its text with marks, or what is wrong. */
export const readInParts = (text: string, size: number, longest?: number): Result.Result<string, string> => {
  const bytes = Buffer.from(text, "latin1")
  const reader = new LongLineReader(before.length, longest)
  for (let at = 0; at < bytes.length && reader.failure === undefined; at += size) {
    reader.push(bytes.subarray(at, at + size))
  }
  const marked = reader.end()
  return marked === undefined ? Result.fail(reader.failure ?? "") : Result.succeed(marked)
}

/** What the file holds before the line. */
const before = Buffer.from("'other line'")

/** The row of a line with marks, its values read from the transaction's bytes in windows of `size` bytes. */
export const windowedRow = (
  marked: string,
  text: string,
  size: number,
  projectionOf: ProjectionOf = unprojected,
): string => {
  const file = Buffer.concat([before, Buffer.from(text, "latin1")])
  const rows = new RowBuffer()
  const encoder = new LongValueEncoder(rows)
  const { row, projection } = markedRow(marked, projectionOf)
  const writerOf = (mark: MarkInRow) => {
    if (mark.isHashed && projection !== undefined) return new LongValueHash(rows, projection.hashing, mark)
    encoder.begin(mark)
    return encoder
  }
  for (const part of splitAtMarks(row)) {
    if (typeof part === "string") rows.push(part)
    else {
      const end = part.value.offset + part.value.length
      const value = writerOf(part)
      for (let at = part.value.offset; at < end; ) {
        at += value.append(file.subarray(at, Math.min(at + size, end)))
      }
      value.end()
    }
  }
  return rows.bytes.toString("latin1", 0, rows.length)
}
