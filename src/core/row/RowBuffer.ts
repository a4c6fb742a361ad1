/** Rows of CSV on their way to an object: room that is used again and again, so that a row costs no allocation. */

/** Rows are given on when this much is there. Large enough that giving on costs nothing beside the rows. In bytes. */
const usualBytes = 256 * 1024

/** So that the row that fills the buffer mostly fits as well. */
const roomyBytes = usualBytes + 64 * 1024

/** Rooms of buffers that are empty now, for the next ones: a buffer that keeps its own would make memory grow with their number. */
const spare: Array<Buffer> = []
const spareMax = 4

const roomOf = (bytes: number): Buffer => {
  const at = spare.findLastIndex((room) => room.length >= bytes)
  return spare.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(bytes)
}

const nothing = Buffer.alloc(0)

export class RowBuffer {
  /** Rows are written here from `length` on; `reserve` first. Nothing is taken up before the first row. */
  bytes: Buffer = nothing
  length = 0

  get isFull(): boolean {
    return this.length >= usualBytes
  }

  /** Makes sure that so many bytes are free. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = roomOf(Math.max(this.length + count, this.bytes.length * 2, roomyBytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** Appends a byte string. */
  push(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, "latin1")
  }

  /** What was appended. It stays as it is until it is dropped, whatever is appended meanwhile. */
  get filled(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** Forgets so many bytes, the first ones. */
  drop(count: number): void {
    const rest = this.length - count
    if (rest > 0) this.bytes.copyWithin(0, count, this.length)
    else if (this.bytes.length > 0) {
      // Room made for one long row is not kept for the many short ones.
      if (this.bytes.length <= 4 * roomyBytes && spare.length < spareMax) spare.push(this.bytes)
      this.bytes = nothing
    }
    this.length = rest
  }

  clear(): void {
    this.drop(this.length)
  }
}
