/**
 * Splits the bytes of `COPY … TO STDOUT (FORMAT binary)` into rows of fields.
 *
 * Binary, because a slot's lines hold any byte: the text format would have to be searched for escapes, this one says
 * how long each field is. Source: PostgreSQL manual, COPY, "Binary Format". Own code: the libraries for it turn every
 * field into a typed value, one event a row, which costs several times what the server needs to print the line.
 */
import { recordReader } from "../src/core/ByteRecords.ts"

/**
 * A whole row: its fields lie in `bytes`, which are never written again, from `bounds[2 * n]` to before
 * `bounds[2 * n + 1]`; a SQL NULL begins at -1. `bounds` is used again for the next row.
 */
export type OnRow = (bytes: Buffer, bounds: ReadonlyArray<number>) => void

export interface CopyBinaryReader {
  /** Calls `onRow` for every row that is whole by now. */
  readonly push: (chunk: Uint8Array) => void
  /** True when the end marker was seen: what ends without it was cut short. */
  readonly ended: () => boolean
}

/** `PGCOPY\n\377\r\n\0`, 4 bytes of flags, 4 bytes of length of the header's extension (always 0). */
const headerBytes = 19
const endMarker = -1

export const copyBinaryReader = (onRow: OnRow): CopyBinaryReader => {
  const bounds: Array<number> = []
  let headerSeen = false
  let done = false

  /** Where the row at `at` ends, or negative how many bytes it takes at least. */
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
      if (length >= 0 && i + length > bytes.length) return at - i - length
      bounds[2 * n] = length < 0 ? -1 : i
      i += Math.max(length, 0)
      bounds[2 * n + 1] = i
    }
    onRow(bytes, bounds)
    return i
  }

  const push = recordReader((bytes, at) => {
    if (headerSeen) return readRow(bytes, at)
    headerSeen = bytes.length - at >= headerBytes
    return headerSeen ? at + headerBytes : -headerBytes
  })
  return { push: (chunk) => (done ? undefined : push(chunk)), ended: () => done }
}
