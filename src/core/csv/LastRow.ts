/**
 * Finds the last row of a CSV object from its end, so that a restart reads only kilobytes of a large object.
 *
 * A quote inside a value is doubled, so a byte is outside quotes exactly if an even number of quotes follows it. A line break
 * outside quotes ends a row: the last row begins after the last but one such break.
 */

import { Option, Result } from "effect"
import { newline, quote } from "../bytes/Ascii.ts"
import * as Lsn from "../Lsn.ts"
import type { RowMark } from "../row/RowPosition.ts"

/**
 * Returns the offset of the last row in `tail`; none if the row begins before it. `tail` is the end of the object; `whole` is
 * true if it is the whole object.
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

/** Reads the position of a row of `inc` from its first columns. None for the header. */
export const rowPosition = (row: string): Result.Result<Option.Option<RowMark>, string> => {
  if (row.startsWith("_op,")) return Result.succeed(Option.none())
  const [, position = "", seq, xid, at = ""] = head.exec(row) ?? []
  return Option.match(Lsn.parse(position), {
    onNone: () => Result.fail("its last row does not begin with _op,_lsn,_seq"),
    onSome: (lsn) => Result.succeed(Option.some({ lsn, seq: Number(seq), xid: Number(xid), at })),
  })
}
