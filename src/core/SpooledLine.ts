/**
 * A line of a transaction that waits for its COMMIT, and its form in the spool: three numbers, then the text.
 * Own format: it lives for minutes in a file of this process, and nobody else reads it.
 */
import { recordReader } from "./ByteRecords.ts"
import { type LongLine, longLineBytes, readLongLine } from "./LongLine.ts"

export interface HeldLine {
  /** 1 is the first line after BEGIN, lines of other tables counted. Column `_seq`. */
  readonly seq: number
  /** Where the row stands in the log: for messages only, it orders nothing. */
  readonly lsn: bigint
  /** A byte string: see `Bytes.ts`. */
  readonly text: string
  /** Of a very long line: what the marks in its text stand for. */
  readonly long?: LongLine
}

/** `seq` (8 bytes), `lsn` (8), length of the text (4). */
const headBytes = 20

/** Of the line as the server sent it. */
export const bytesOf = ({ text, long }: HeldLine): number => long?.bytes.length ?? text.length

/** The pieces to write one after the other: a very long line as it lies, the others together. */
export const packLines = (lines: ReadonlyArray<HeldLine>): ReadonlyArray<Uint8Array> => {
  const packed = Buffer.allocUnsafe(
    lines.reduce((sum, line) => sum + headBytes + (line.long === undefined ? line.text.length : 0), 0),
  )
  const pieces: Array<Uint8Array> = []
  let from = 0
  let at = 0
  for (const line of lines) {
    packed.writeBigUInt64BE(BigInt(line.seq), at)
    packed.writeBigUInt64BE(line.lsn, at + 8)
    packed.writeUInt32BE(bytesOf(line), at + 16)
    at += headBytes
    if (line.long === undefined) at += packed.write(line.text, at, "latin1")
    else {
      pieces.push(packed.subarray(from, at), line.long.bytes)
      from = at
    }
  }
  return [...pieces, packed.subarray(from)]
}

/** Gives back the lines that are whole with each chunk. */
export const lineUnpacker = (): ((chunk: Uint8Array) => ReadonlyArray<HeldLine>) => {
  let lines: Array<HeldLine> = []
  const push = recordReader((bytes, at) => {
    if (at + headBytes > bytes.length) return -headBytes
    const length = bytes.readUInt32BE(at + 16)
    const start = at + headBytes
    if (start + length > bytes.length) return -headBytes - length
    const seq = Number(bytes.readBigUInt64BE(at))
    const lsn = bytes.readBigUInt64BE(at + 8)
    if (length <= longLineBytes)
      lines.push({ seq, lsn, text: bytes.toString("latin1", start, start + length) })
    else lines.push({ seq, lsn, ...readLongLine(bytes.subarray(start, start + length)) })
    return start + length
  })
  return (chunk) => {
    lines = []
    push(chunk)
    return lines
  }
}
