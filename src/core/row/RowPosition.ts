/** What one row of `inc` says about where it stands: the total order of changes. */
import type * as Lsn from "../Lsn.ts"

export interface RowPosition {
  readonly lsn: Lsn.Lsn
  readonly seq: number
}

/** The same with what identifies its transaction on every copy of its server. */
export interface RowMark extends RowPosition {
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** As PostgreSQL prints a timestamptz. */
  readonly at: string
}

/** True where the first is at or before the second. */
export const atOrBefore = (a: RowPosition, b: RowPosition): boolean =>
  a.lsn < b.lsn || (a.lsn === b.lsn && a.seq <= b.seq)
