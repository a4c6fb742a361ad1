import type { Lsn } from "./Lsn.ts"

/**
 * One line as the slot prints it. It stays where its bytes lie until somebody needs it as text: most lines go from here
 * into CSV without ever being one (`RowTranscoder.ts`).
 */
export class SlotLine {
  /** On a COMMIT the end of its record, which orders and confirms; on a row where it stands in the log, which may go backwards. */
  readonly lsn: Lsn
  /**
   * Number of the line in this peek, all lines counted, from 1. It counts before any filter, so that a line's distance
   * from its BEGIN depends on nothing but the log.
   */
  readonly ordinal: number
  /** The line is `bytes` from `start` to before `end`. Nobody writes these bytes again. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(lsn: Lsn, ordinal: number, bytes: Buffer, start: number, end: number) {
    this.lsn = lsn
    this.ordinal = ordinal
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** `text` is a byte string: see `Bytes.ts`. */
  static of(lsn: Lsn, ordinal: number, text: string): SlotLine {
    const bytes = Buffer.from(text, "latin1")
    return new SlotLine(lsn, ordinal, bytes, 0, bytes.length)
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
