/**
 * The form in which a line waits in the spool for its transaction's COMMIT: three numbers, then its bytes.
 * Own format: it lives for minutes in a file of this process, and nobody else reads it.
 */
import { recordReader } from "../bytes/ByteRecords.ts"
import { longLineBytes } from "./LongLine.ts"
import { SlotLine } from "./SlotLine.ts"

/** `ordinal` (8 bytes), `lsn` (8), length of the line (4). */
const headBytes = 20

/** Set in the length of a line whose long values are marks: no line is longer than 1 GB. */
const markedFlag = 0x8000_0000

/** So that the next lines, a few more, fit as well. */
const roomToGrow = 256 * 1024

const isLong = (line: SlotLine): boolean => line.length > longLineBytes

/**
 * The pieces to write one after the other: a very long line as it lies, the others together, in room that is used again
 * the next time. A new one each time would be dropped faster than it is collected.
 */
export const linePacker = (): ((lines: ReadonlyArray<SlotLine>) => ReadonlyArray<Uint8Array>) => {
  let room = Buffer.alloc(0)
  return (lines) => {
    const size = lines.reduce((sum, line) => sum + headBytes + (isLong(line) ? 0 : line.length), 0)
    if (size > room.length) room = Buffer.allocUnsafeSlow(size + roomToGrow)
    return pack(lines, room)
  }
}

const pack = (lines: ReadonlyArray<SlotLine>, packed: Buffer): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let from = 0
  let at = 0
  for (const line of lines) {
    packed.writeBigUInt64BE(BigInt(line.ordinal), at)
    packed.writeBigUInt64BE(line.lsn, at + 8)
    packed.writeUInt32BE(line.length + (line.isMarked ? markedFlag : 0), at + 16)
    at += headBytes
    if (!isLong(line)) at += line.bytes.copy(packed, at, line.start, line.end)
    else {
      pieces.push(packed.subarray(from, at), line.bytes.subarray(line.start, line.end))
      from = at
    }
  }
  return [...pieces, packed.subarray(from, at)]
}

/** Gives back the lines that are whole with each chunk. They lie in its bytes, and hold as long as those do. */
export const lineUnpacker = (): ((chunk: Uint8Array) => ReadonlyArray<SlotLine>) => {
  let lines: Array<SlotLine> = []
  const push = recordReader((bytes, at) => {
    if (at + headBytes > bytes.length) return -headBytes
    const start = at + headBytes
    const printed = bytes.readUInt32BE(at + 16)
    const isMarked = printed >= markedFlag
    const end = start + printed - (isMarked ? markedFlag : 0)
    if (end > bytes.length) return at - end
    lines.push(new SlotLine(Number(bytes.readBigUInt64BE(at)), bytes, at + 8, start, end, isMarked))
    return end
  })
  return (chunk) => {
    lines = []
    push(chunk)
    return lines
  }
}
