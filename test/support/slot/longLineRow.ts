/** A line read in parts, and the row that its values make when they are read in windows. */
import { Result } from "effect"
import {
  type CommitFields,
  incRow,
  type RowChange,
  type Shape,
  shapeOf,
} from "../../../src/core/row/IncRow.ts"
import { LongValueEncoder } from "../../../src/core/row/LongValueEncoder.ts"
import { RowBuffer } from "../../../src/core/row/RowBuffer.ts"
import { rowPieces } from "../../../src/core/slot/LongLine.ts"
import { LongLineReader } from "../../../src/core/slot/LongLineReader.ts"
import { decodeChange } from "../../../src/core/slot/TestDecoding.ts"

const commit: CommitFields = { lsn: "00000000/00000001", xid: 7, at: "2025-11-03 10:15:30+00" }

const decoded = (text: string): RowChange => Result.getOrThrow(decodeChange(text)) as RowChange // only rows are printed here

const shapeFor = (change: RowChange): Shape => {
  if (change._tag === "Insert" || change._tag === "Update") return shapeOf(change)
  return change._tag === "Delete" ? (change.before ?? []).map(({ name }) => name) : []
}

/** The row of a line that is read whole, or with marks. */
export const rowOf = (text: string): string => {
  const change = decoded(text)
  return incRow(change, shapeFor(change), commit, 1)
}

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
export const windowedRow = (marked: string, text: string, size: number): string => {
  const file = Buffer.concat([before, Buffer.from(text, "latin1")])
  const rows = new RowBuffer()
  const encoder = new LongValueEncoder(rows)
  for (const piece of rowPieces(rowOf(marked))) {
    if (typeof piece === "string") rows.push(piece)
    else {
      const end = piece.value.offset + piece.value.length
      encoder.begin(piece)
      for (let at = piece.value.offset; at < end; ) {
        at += encoder.append(file.subarray(at, Math.min(at + size, end)))
      }
      encoder.end()
    }
  }
  return rows.bytes.toString("latin1", 0, rows.length)
}
