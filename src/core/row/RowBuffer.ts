/** Rows of CSV on their way to an object: room that is used again and again, so that a row costs no allocation. */

/** Rows are given on when this much is there. Large enough that giving on costs nothing beside the rows. In bytes. */
const usualBytes = 256 * 1024

/** So that the row that fills the buffer mostly fits as well. */
const roomyBytes = usualBytes + 64 * 1024

export class RowBuffer {
  /** Rows are written here from `length` on; `reserve` first. Nothing is taken up before the first row. */
  bytes: Buffer = Buffer.alloc(0)
  length = 0

  get isFull(): boolean {
    return this.length >= usualBytes
  }

  /** Makes sure that so many bytes are free. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.length + count, this.bytes.length * 2, roomyBytes))
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
    // Room made for one long row is not kept for the many short ones.
    if (rest === 0 && this.bytes.length > 4 * roomyBytes) this.bytes = Buffer.alloc(0)
    else if (rest > 0) this.bytes.copyWithin(0, count, this.length)
    this.length = rest
  }

  clear(): void {
    this.drop(this.length)
  }
}
