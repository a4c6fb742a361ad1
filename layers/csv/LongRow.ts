/** Writes rows whose long values are in a temporary file, window by window: no row or value is in memory as a whole. */
import { Effect } from "effect"
import { LongValueHash } from "../../src/core/columns/LongValueHash.ts"
import type { Projection } from "../../src/core/columns/Projection.ts"
import { LongValueEncoder } from "../../src/core/row/LongValueEncoder.ts"
import type { RowBuffer } from "../../src/core/row/RowBuffer.ts"
import { type MarkInRow, splitAtMarks } from "../../src/core/slot/LongLine.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import type { ReadLong } from "../../src/services/source/Transaction.ts"

/** Large enough that the call costs less than the bytes that it reads. */
const windowBytes = 256 * 1024

/** The window of the last row, for the next row of any table. */
const spare: Array<Uint8Array> = []

/** Appends rows with marks to `rows`; runs `write` whenever these are full. */
export const longRows = (rows: RowBuffer) => {
  const encoder = new LongValueEncoder(rows)
  /** What writes the value of the mark. `projection` is that of the table. */
  const writerOf = (mark: MarkInRow, projection: Projection | undefined) => {
    if (mark.isHashed) {
      if (projection === undefined) throw new Error("a hashed value of a table without a projection")
      return new LongValueHash(rows, projection.hashing, mark)
    }
    encoder.begin(mark)
    return encoder
  }

  return Effect.fnUntraced(function* <E>(
    row: string,
    projection: Projection | undefined,
    read: ReadLong,
    write: Effect.Effect<void, E>,
  ): Effect.fn.Return<void, E | StoreError> {
    const window = spare.pop() ?? Buffer.allocUnsafeSlow(windowBytes)
    /** The window has the bytes from `from` to before `to`: often those of the next value too. */
    let [from, to] = [0, 0]
    const append = Effect.fnUntraced(function* (mark: MarkInRow) {
      const { offset, length } = mark.value
      const end = offset + length
      const value = writerOf(mark, projection)
      for (let at = offset; at < end; ) {
        if (at < from || at >= to) {
          from = at
          to = at + (yield* read(window, at))
        }
        at += value.append(window.subarray(at - from, Math.min(to, end) - from))
        if (rows.isFull) yield* write
      }
      value.end()
    })
    for (const part of splitAtMarks(row)) {
      if (typeof part === "string") rows.push(part)
      else yield* append(part)
    }
    if (spare.length === 0) spare.push(window)
  })
}
