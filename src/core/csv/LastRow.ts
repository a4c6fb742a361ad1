/**
 * Finds the last row of a CSV object in bounded memory, however long the row is: from the end of the object, so that a restart
 * reads only kilobytes of a large one, or from its beginning, where it cannot be read otherwise.
 *
 * A quote inside a value is doubled, so a byte is outside quotes exactly if an even number of quotes follows it, or is before
 * it. A line break outside quotes ends a row: the last row begins after the last but one such break.
 */

import { Option, Result } from "effect"
import { newline, quote } from "../bytes/Ascii.ts"
import * as Lsn from "../Lsn.ts"
import type { RowMark } from "../row/RowPosition.ts"

/** Enough of a row for `rowPosition`, in bytes. */
const beginningBytes = 200

/**
 * Takes the windows of an object, the last one first, each of which ends where the one before begins. Returns the beginning of
 * the last row; undefined if the row begins before the window. `isWhole`: no window is left.
 */
export const backwardSearch = () => {
  let quotes = 0
  let after = Buffer.alloc(0)
  return (window: Uint8Array, isWhole: boolean): Uint8Array | undefined => {
    const beginningAt = (start: number) =>
      Buffer.concat([window.subarray(start, start + beginningBytes), after]).subarray(0, beginningBytes)
    // The last byte of the object ends the last row.
    const last = after.length === 0 ? window.length - 2 : window.length - 1
    for (let i = last; i >= 0; i--) {
      if (window[i] === quote) quotes++
      else if (window[i] === newline && quotes % 2 === 0) return beginningAt(i + 1)
    }
    after = beginningAt(0)
    return isWhole ? after : undefined
  }
}

/** Takes an object chunk by chunk. `beginning` is that of the last row so far. */
export class ForwardSearch {
  #isQuoted = false
  #isAtStart = true
  #beginning = Buffer.alloc(0)

  get beginning(): Uint8Array {
    return this.#beginning
  }
  push(chunk: Uint8Array): void {
    let start = -1
    for (let i = 0; i < chunk.length; i++) {
      if (this.#isAtStart) start = i
      const byte = chunk[i]
      if (byte === quote) this.#isQuoted = !this.#isQuoted
      this.#isAtStart = byte === newline && !this.#isQuoted
    }
    if (start >= 0) this.#beginning = Buffer.from(chunk.subarray(start, start + beginningBytes))
    else if (this.#beginning.length < beginningBytes)
      this.#beginning = Buffer.concat([this.#beginning, chunk]).subarray(0, beginningBytes)
  }
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
