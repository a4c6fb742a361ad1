/** The position of a row of `inc` in the total order of changes. */
import type * as Lsn from "../Lsn.ts"

export interface RowPosition {
  readonly lsn: Lsn.Lsn
  readonly seq: number
}

/** A row's position, with the fields that identify its transaction on every copy of its server. */
export interface RowMark extends RowPosition {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** As PostgreSQL prints a timestamptz. */
  readonly at: string
}

/** True if the first is at or before the second. */
export const atOrBefore = (a: RowPosition, b: RowPosition): boolean =>
  a.lsn < b.lsn || (a.lsn === b.lsn && a.seq <= b.seq)
