/**
 * Finds the last row of a CSV object from its end, so that a restart reads kilobytes of a large object.
 *
 * A quote inside a value is doubled, so a place is outside quotes exactly when an even number of quotes follows it.
 * A line break outside quotes ends a row: the last but one such break is where the last row begins.
 */

import { Option, Result } from "effect"
import { newline, quote } from "../bytes/Ascii.ts"
import * as Lsn from "../Lsn.ts"
import type { RowMark } from "../row/RowPosition.ts"

/**
 * Offset in `tail` of the last row's first byte; none when the row begins before `tail` does.
 * `tail` ends where the object ends; `whole` says that it begins where the object begins.
 */
export const lastRowStart = (tail: Uint8Array, whole: boolean): Option.Option<number> => {
  let quotes = 0
  for (let i = tail.length - 2; i >= 0; i--) {
    if (tail[i] === quote) quotes++
    else if (tail[i] === newline && quotes % 2 === 0) return Option.some(i + 1)
  }
  return whole ? Option.some(0) : Option.none()
}

const head = /^[IUDT],([0-9A-F]{8}\/[0-9A-F]{8}),(\d+),(\d+),([^,"\n]+),/

/** Where a row of `inc` stands, from its first columns. None for the header, which stands alone in no object. */
export const rowPosition = (row: string): Result.Result<Option.Option<RowMark>, string> => {
  if (row.startsWith("_op,")) return Result.succeed(Option.none())
  const [, position = "", seq, xid, at = ""] = head.exec(row) ?? []
  return Option.match(Lsn.parse(position), {
    onNone: () => Result.fail("its last row does not begin with _op,_lsn,_seq"),
    onSome: (lsn) => Result.succeed(Option.some({ lsn, seq: Number(seq), xid: Number(xid), at })),
  })
}
