/**
 * Reads records from bytes that come in chunks, wherever these are cut. A record in several chunks is put together in room
 * that is made once: a row of 200 MB is there once, not once in its chunks and once more joined.
 */

/** Reads the record at `at`: where it ends, or negative how many bytes from `at` it takes at least. */
export type ReadRecord = (bytes: Buffer, at: number) => number

/** Feed it the chunks. Records are read as soon as they are whole, and their bytes are never written again. */
export const recordReader = (read: ReadRecord): ((chunk: Uint8Array) => void) => {
  /** The beginning of a record, in room for what it takes at least. */
  let begun: { readonly room: Buffer; readonly bytes: number } | undefined

  /** Reads what is whole, and keeps the rest as a beginning. */
  const take = (bytes: Buffer): void => {
    begun = undefined
    let at = 0
    while (at < bytes.length) {
      const end = read(bytes, at)
      if (end < 0) {
        const room = Buffer.allocUnsafe(-end)
        begun = { room, bytes: bytes.copy(room, 0, at) }
        return
      }
      at = end
    }
  }

  return (chunk) => {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    while (begun !== undefined && rest.length > 0) {
      const { room, bytes } = begun
      const copied = rest.copy(room, bytes)
      rest = rest.subarray(copied)
      begun = { room, bytes: bytes + copied }
      if (begun.bytes === room.length) take(room)
    }
    if (rest.length > 0) take(rest)
  }
}
