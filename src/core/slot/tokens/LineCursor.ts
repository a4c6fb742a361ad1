/** An offset in the bytes of one line, for readers that go from left to right only. */
import type { FixedBytes } from "../../bytes/FixedBytes.ts"
import type { SlotLine } from "../SlotLine.ts"

export class LineCursor {
  bytes: Buffer = Buffer.alloc(0)
  /** The same bytes, which hold many lines. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** The line's first byte, and the one after its last. */
  start = 0
  end = 0
  at = 0
  /** True if its long values are marks (`LongLine.ts`). Only then can it contain zero bytes. */
  isMarked = false
  /** What the reader that failed expected at `at`. */
  expected = ""

  begin({ bytes, start, end, isMarked }: SlotLine): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.start = start
    this.end = end
    this.at = start
    this.isMarked = isMarked
  }

  /** Goes on in other bytes, which hold the line up to `end`, at its end. `view` is of the same bytes. */
  moveTo(bytes: Buffer, view: DataView, end: number): void {
    this.bytes = bytes
    this.view = view
    this.start = 0
    this.end = end
    this.at = end
  }

  get atEnd(): boolean {
    return this.at === this.end
  }

  /** The byte here; -1 at the end. */
  get code(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1
  }

  /** Skips `word` if it is here. */
  skip(word: FixedBytes): boolean {
    if (!word.isAt(this.view, this.at, this.end)) return false
    this.at += word.length
    return true
  }

  /** Returns false, as a failing reader does, and notes what it expected. */
  fail(expected: string): false {
    this.expected = expected
    return false
  }

  /** A byte string: see `Bytes.ts`. */
  text(from: number, to: number): string {
    return this.bytes.toString("latin1", from, to)
  }
}
