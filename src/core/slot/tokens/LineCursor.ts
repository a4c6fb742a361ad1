/** A place in the bytes of one line, for readers that go from left to right and never back. */
import type { FixedBytes } from "../../bytes/FixedBytes.ts"
import type { SlotLine } from "../SlotLine.ts"

export class LineCursor {
  bytes: Buffer = Buffer.alloc(0)
  /** The same bytes: many lines follow each other in them. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Where the line begins and ends in them. */
  start = 0
  end = 0
  at = 0
  /** Its long values are marks (`LongLine.ts`). Only there a value holds zero bytes. */
  isMarked = false
  /** What should have stood at `at`: set by the reader that failed. */
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

  get atEnd(): boolean {
    return this.at === this.end
  }

  /** The byte here; -1 at the end. */
  get code(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1
  }

  /** Steps over `word` where it stands here. */
  skip(word: FixedBytes): boolean {
    if (!word.standAt(this.view, this.at, this.end)) return false
    this.at += word.length
    return true
  }

  /** A reader answers false where it fails; the cursor then tells why. */
  fail(expected: string): false {
    this.expected = expected
    return false
  }

  /** A byte string: see `Bytes.ts`. */
  text(from: number, to: number): string {
    return this.bytes.toString("latin1", from, to)
  }
}
