import type { Lsn } from "../Lsn.ts"

/**
 * One line as the slot prints it. It refers to its bytes and becomes text only on demand: most lines go from here to CSV as
 * bytes (`IncRowWriter.ts`).
 */
export class SlotLine {
  /**
   * Number of the line in this peek, from 1. Filtered lines count too, so that a line's distance from its BEGIN depends only
   * on the WAL.
   */
  readonly ordinal: number
  /** The line is `bytes` from `start` to before `end`. Nobody writes these bytes again. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** True if its long values are marks (`LongLine.ts`). */
  readonly isMarked: boolean
  /** Offset of its LSN in `bytes`: eight bytes, big-endian. */
  readonly #lsnAt: number

  constructor(ordinal: number, bytes: Buffer, lsnAt: number, start: number, end: number, isMarked = false) {
    this.ordinal = ordinal
    this.bytes = bytes
    this.#lsnAt = lsnAt
    this.start = start
    this.end = end
    this.isMarked = isMarked
  }

  /** `text` is a byte string: see `Bytes.ts`. */
  static of(lsn: Lsn, ordinal: number, text: string, isMarked = false): SlotLine {
    const bytes = Buffer.allocUnsafe(8 + text.length)
    bytes.writeBigUInt64BE(lsn)
    bytes.write(text, 8, "latin1")
    return new SlotLine(ordinal, bytes, 0, 8, bytes.length, isMarked)
  }

  /**
   * On a COMMIT the LSN of the end of its record, which orders transactions and is confirmed. On a row its own LSN in the WAL,
   * which can be lower than that of the line before. Decoded on demand, because most lines' is never needed.
   */
  get lsn(): Lsn {
    return this.bytes.readBigUInt64BE(this.#lsnAt) as Lsn // an LSN is 64 unsigned bits
  }

  /** In bytes. */
  get length(): number {
    return this.end - this.start
  }

  /** A byte string: see `Bytes.ts`. */
  get text(): string {
    return this.bytes.toString("latin1", this.start, this.end)
  }
}

/**
 * A part of a line that is too long for memory (`LongLine.ts`). The parts of a line follow each other, with no other line
 * between them.
 */
export class LinePart {
  readonly ordinal: number
  readonly lsn: Lsn
  /** Nobody writes these bytes again. */
  readonly bytes: Buffer
  readonly isFirst: boolean
  readonly isLast: boolean

  constructor(ordinal: number, lsn: Lsn, bytes: Buffer, isFirst: boolean, isLast: boolean) {
    this.ordinal = ordinal
    this.lsn = lsn
    this.bytes = bytes
    this.isFirst = isFirst
    this.isLast = isLast
  }
}

/** What a peek returns: each line whole, or its parts. */
export type PeekedLine = SlotLine | LinePart
