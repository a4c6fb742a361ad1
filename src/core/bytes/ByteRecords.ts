/**
 * Reads records from chunks of bytes that may be cut anywhere. A record in several chunks is copied into one buffer as they
 * arrive: so a row of 200 MB is in memory once, and not twice, as chunks and joined.
 */

/** Reads the record at `at`. Returns the offset after it, or as a negative number how many bytes from `at` it needs at least. */
export type ReadRecord = (bytes: Buffer, at: number) => number

/** Returns a function to call with each chunk. Records are read once they are complete; their bytes are not written again. */
export const recordReader = (read: ReadRecord): ((chunk: Uint8Array) => void) => {
  /** The beginning of a record, in a buffer of the size that it needs at least. */
  let begun: { readonly buffer: Buffer; readonly bytes: number } | undefined

  /** Reads the complete records, and keeps the rest. */
  const readAll = (bytes: Buffer): void => {
    begun = undefined
    let at = 0
    while (at < bytes.length) {
      const end = read(bytes, at)
      if (end < 0) {
        const buffer = Buffer.allocUnsafe(-end)
        begun = { buffer, bytes: bytes.copy(buffer, 0, at) }
        return
      }
      at = end
    }
  }

  return (chunk) => {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    while (begun !== undefined && rest.length > 0) {
      const { buffer, bytes } = begun
      const copied = rest.copy(buffer, bytes)
      rest = rest.subarray(copied)
      begun = { buffer, bytes: bytes + copied }
      if (begun.bytes === buffer.length) readAll(buffer)
    }
    if (rest.length > 0) readAll(rest)
  }
}
