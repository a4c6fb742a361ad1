import type { LongLine } from "./LongLine.ts"
import type { Lsn } from "./Lsn.ts"

/** One line as the slot prints it. */
export interface SlotLine {
  /** On a COMMIT the end of its record, which orders and confirms; on a row where it stands in the log, which may go backwards. */
  readonly lsn: Lsn
  /**
   * Number of the line in this peek, all lines counted, from 1. It counts before any filter, so that a line's distance
   * from its BEGIN depends on nothing but the log.
   */
  readonly ordinal: number
  /** A byte string: see `Bytes.ts`. */
  readonly text: string
  /** Of a very long line: what the marks in its text stand for. */
  readonly long?: LongLine
}
