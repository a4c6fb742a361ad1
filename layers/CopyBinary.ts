/**
 * Splits the bytes of `COPY … TO STDOUT (FORMAT binary)` into rows of fields.
 *
 * Binary, because a slot's lines hold any byte: the text format would have to be searched for escapes, this one says
 * how long each field is. Source: PostgreSQL manual, COPY, "Binary Format". Own code: the libraries for it turn every
 * field into a typed value, one event a row, which costs several times what the server needs to print the line.
 */

/** A field's bytes, valid until the next chunk is pushed; null is SQL NULL. */
export type Field = Buffer | null

export interface CopyBinaryReader {
  /** Calls `onRow` for every row that is whole by now. */
  readonly push: (chunk: Uint8Array, onRow: (fields: ReadonlyArray<Field>) => void) => void
  /** True when the end marker was seen: what ends without it was cut short. */
  readonly ended: () => boolean
}

/** `PGCOPY\n\377\r\n\0`, 4 bytes of flags, 4 bytes of length of the header's extension (always 0). */
const headerBytes = 19
const endMarker = -1

export const copyBinaryReader = (): CopyBinaryReader => {
  /** Chunks not yet used up. Joined only when a whole row may be in them: a row of 200 MB must not be joined again and again. */
  let waiting: Array<Uint8Array> = []
  let waitingBytes = 0
  let neededBytes = headerBytes
  let headerSeen = false
  let done = false

  /** Reads the row at `at`; a number is how many bytes from `at` are needed at least. */
  const readRow = (
    bytes: Buffer,
    at: number,
  ): { readonly fields: ReadonlyArray<Field>; readonly end: number } | number => {
    if (at + 2 > bytes.length) return 2
    const count = bytes.readInt16BE(at)
    if (count === endMarker) {
      done = true
      return { fields: [], end: at + 2 }
    }
    const fields: Array<Field> = []
    let i = at + 2
    for (let n = 0; n < count; n++) {
      if (i + 4 > bytes.length) return i + 4 - at
      const length = bytes.readInt32BE(i)
      i += 4
      if (length >= 0 && i + length > bytes.length) return i + length - at
      fields.push(length < 0 ? null : bytes.subarray(i, i + length))
      i += Math.max(length, 0)
    }
    return { fields, end: i }
  }

  return {
    push: (chunk, onRow) => {
      waiting.push(chunk)
      waitingBytes += chunk.length
      if (waitingBytes < neededBytes || done) return
      const bytes =
        waiting.length === 1
          ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          : Buffer.concat(waiting, waitingBytes)
      let at = 0
      if (!headerSeen) {
        headerSeen = true
        at = headerBytes
      }
      while (!done) {
        const row = readRow(bytes, at)
        if (typeof row === "number") {
          neededBytes = row
          break
        }
        at = row.end
        if (!done) onRow(row.fields)
      }
      waiting = at < bytes.length ? [bytes.subarray(at)] : []
      waitingBytes = bytes.length - at
    },
    ended: () => done,
  }
}
