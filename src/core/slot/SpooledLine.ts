/**
 * The format of a line in the spill file until its transaction's COMMIT: three numbers, then its bytes.
 * It is private: the file belongs to this process and exists for minutes.
 */
import { recordReader } from "../bytes/ByteRecords.ts"
import { longLineBytes } from "./LongLine.ts"
import { SlotLine } from "./SlotLine.ts"

/** `ordinal` (8 bytes), `lsn` (8), length of the line (4). */
const headBytes = 20

/** Set in the length of a line whose long values are marks. The bit is free, because no line is longer than 1 GB. */
const markedFlag = 0x8000_0000

/** Extra bytes of the buffer, so that slightly more lines fit the next time. */
const spareBytes = 256 * 1024

const isLong = (line: SlotLine): boolean => line.length > longLineBytes

/**
 * Returns a function that packs lines into chunks to write one after the other: a very long line as it is, the others
 * together. Their buffer is reused by the next call, because garbage collection is slower than new buffers would be dropped.
 */
export const linePacker = (): ((lines: ReadonlyArray<SlotLine>) => ReadonlyArray<Uint8Array>) => {
  let buffer = Buffer.alloc(0)
  return (lines) => {
    const size = lines.reduce((sum, line) => sum + headBytes + (isLong(line) ? 0 : line.length), 0)
    if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size + spareBytes)
    return pack(lines, buffer)
  }
}

const pack = (lines: ReadonlyArray<SlotLine>, packed: Buffer): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let from = 0
  let at = 0
  for (const line of lines) {
    packed.writeBigUInt64BE(BigInt(line.ordinal), at)
    packed.writeBigUInt64BE(line.lsn, at + 8)
    packed.writeUInt32BE(line.length + (line.isMarked ? markedFlag : 0), at + 16)
    at += headBytes
    if (!isLong(line)) at += line.bytes.copy(packed, at, line.start, line.end)
    else {
      chunks.push(packed.subarray(from, at), line.bytes.subarray(line.start, line.end))
      from = at
    }
  }
  return [...chunks, packed.subarray(from, at)]
}

/** Returns a function that reads the lines which each chunk completes. They refer to its bytes. */
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
