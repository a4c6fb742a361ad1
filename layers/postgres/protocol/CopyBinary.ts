/**
 * Splits the bytes of `COPY … TO STDOUT (FORMAT binary)` into rows of fields.
 *
 * Binary, because a slot's lines can hold any byte: the text format would need a search for escapes, the binary one has the
 * length of each field. Source: PostgreSQL manual, COPY, "Binary Format". Own code, because the libraries decode every field to
 * a typed value with one event a row. That costs several times what the server needs to print the line.
 */
import { recordReader } from "../../../src/core/bytes/ByteRecords.ts"

/**
 * Receives a whole row. Field `n` is in `bytes`, which are never overwritten, from `bounds[2 * n]` to before
 * `bounds[2 * n + 1]`; a SQL NULL begins at -1. `bounds` is reused for the next row.
 */
export type OnRow = (bytes: Buffer, bounds: ReadonlyArray<number>) => void

/** Receives a row whose last field is too long for memory. `OnRow` is not called for it. */
export interface OnLongRow {
  /** The fields before the last one, as for `OnRow`. */
  readonly begin: OnRow
  /** The next bytes of the last field, which are never overwritten. */
  readonly part: (bytes: Buffer, isLast: boolean) => void
}

export interface CopyBinaryReader {
  /** Calls `onRow` for every row that is complete now. */
  readonly push: (chunk: Uint8Array) => void
  /** True after the end marker. An answer without it was cut short. */
  readonly ended: () => boolean
}

/** `PGCOPY\n\377\r\n\0`, 4 bytes of flags, 4 bytes of length of the header's extension (always 0). */
const headerBytes = 19
const endMarker = -1

/** A last field of more than `longest` bytes is returned in parts. */
export const copyBinaryReader = (onRow: OnRow, onLongRow: OnLongRow, longest: number): CopyBinaryReader => {
  const bounds: Array<number> = []
  /** Bytes of a long field that have not arrived yet. */
  let left = 0
  let isHeaderRead = false
  let done = false

  /** Returns the end of the row at `at`, or the negative number of bytes that it needs at least. */
  const readRow = (bytes: Buffer, at: number): number => {
    if (at + 2 > bytes.length) return -2
    const count = bytes.readInt16BE(at)
    if (count === endMarker) {
      done = true
      return bytes.length
    }
    bounds.length = 2 * count
    let i = at + 2
    for (let n = 0; n < count; n++) {
      if (i + 4 > bytes.length) return at - i - 4
      const length = bytes.readInt32BE(i)
      i += 4
      if (length > longest && n === count - 1) {
        left = length
        onLongRow.begin(bytes, bounds)
        return i
      }
      if (length >= 0 && i + length > bytes.length) return at - i - length
      bounds[2 * n] = length < 0 ? -1 : i
      i += Math.max(length, 0)
      bounds[2 * n + 1] = i
    }
    onRow(bytes, bounds)
    return i
  }

  const readPart = (bytes: Buffer, at: number): number => {
    const end = Math.min(at + left, bytes.length)
    left -= end - at
    onLongRow.part(bytes.subarray(at, end), left === 0)
    return end
  }

  const push = recordReader((bytes, at) => {
    if (left > 0) return readPart(bytes, at)
    if (isHeaderRead) return readRow(bytes, at)
    isHeaderRead = bytes.length - at >= headerBytes
    return isHeaderRead ? at + headerBytes : -headerBytes
  })
  return { push: (chunk) => (done ? undefined : push(chunk)), ended: () => done }
}
