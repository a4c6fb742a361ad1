/**
 * A line of a transaction that waits for its COMMIT, and its form in the spool: three numbers, then the text.
 * Own format: it lives for minutes in a file of this process, and nobody else reads it.
 */
export interface HeldLine {
  /** 1 is the first line after BEGIN, lines of other tables counted. Column `_seq`. */
  readonly seq: number
  /** Where the row stands in the log: for messages only, it orders nothing. */
  readonly lsn: bigint
  /** A byte string: see `Bytes.ts`. */
  readonly text: string
}

/** `seq` (8 bytes), `lsn` (8), length of the text (4). */
const headBytes = 20

export const packLines = (lines: ReadonlyArray<HeldLine>): Buffer => {
  const packed = Buffer.allocUnsafe(lines.reduce((sum, line) => sum + headBytes + line.text.length, 0))
  let at = 0
  for (const line of lines) {
    packed.writeBigUInt64BE(BigInt(line.seq), at)
    packed.writeBigUInt64BE(line.lsn, at + 8)
    packed.writeUInt32BE(line.text.length, at + 16)
    packed.write(line.text, at + headBytes, "latin1")
    at += headBytes + line.text.length
  }
  return packed
}

/** Gives back the lines that are whole with each chunk. */
export const lineUnpacker = (): ((chunk: Uint8Array) => ReadonlyArray<HeldLine>) => {
  let waiting: Array<Uint8Array> = []
  let waitingBytes = 0
  let needed = headBytes
  return (chunk) => {
    waiting.push(chunk)
    waitingBytes += chunk.length
    // A long line comes in many chunks: they are joined once, when all are there.
    if (waitingBytes < needed) return []
    const bytes = Buffer.concat(waiting, waitingBytes)
    const lines: Array<HeldLine> = []
    let at = 0
    while (true) {
      needed = headBytes
      if (at + headBytes > bytes.length) break
      needed += bytes.readUInt32BE(at + 16)
      if (at + needed > bytes.length) break
      const seq = Number(bytes.readBigUInt64BE(at))
      const lsn = bytes.readBigUInt64BE(at + 8)
      lines.push({ seq, lsn, text: bytes.toString("latin1", at + headBytes, at + needed) })
      at += needed
    }
    waiting = [bytes.subarray(at)]
    waitingBytes = bytes.length - at
    return lines
  }
}
