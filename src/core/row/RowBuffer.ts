/** A buffer for CSV rows on their way to an object. It is reused, so that a row costs no allocation. */

/** The buffer is flushed at this size, in bytes: large enough that a flush costs little compared with its rows. */
const usualBytes = 256 * 1024

/** Capacity in bytes: the row that crosses `usualBytes` mostly fits too. */
const roomyBytes = usualBytes + 64 * 1024

/** Memory of emptied buffers, for the next ones. If each buffer kept its own, memory would grow with their number. */
const spare: Array<Buffer> = []
const spareMax = 4

const takeMemory = (bytes: number): Buffer => {
  const at = spare.findLastIndex(({ length }) => length >= bytes)
  return spare.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(bytes)
}

const empty = Buffer.alloc(0)

export class RowBuffer {
  /** Rows are written here from `length` on; call `reserve` first. Empty before the first row. */
  bytes: Buffer = empty
  length = 0

  get isFull(): boolean {
    return this.length >= usualBytes
  }

  /** Ensures that `count` bytes are free. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = takeMemory(Math.max(this.length + count, this.bytes.length * 2, roomyBytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** Appends a byte string. */
  push(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, "latin1")
  }

  /** The bytes so far. They stay valid until they are dropped, also if more are appended. */
  get filled(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** Removes the first `count` bytes. */
  drop(count: number): void {
    const rest = this.length - count
    if (rest > 0) this.bytes.copyWithin(0, count, this.length)
    else if (this.bytes.length > 0) {
      // Memory that grew for one long row is not kept for the next buffer.
      if (this.bytes.length <= 4 * roomyBytes && spare.length < spareMax) spare.push(this.bytes)
      this.bytes = empty
    }
    this.length = rest
  }

  clear(): void {
    this.drop(this.length)
  }
}
