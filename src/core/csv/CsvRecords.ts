/**
 * Reads the records of a CSV file from chunks of bytes, without decoding them to text. The dialect is that of `Csv.ts`: a
 * quote inside a value is doubled, so that a line break ends a record if an even number of quotes precedes it.
 */
import { comma, newline, quote, space } from "../bytes/Ascii.ts"

export interface CsvRecord {
  readonly bytes: Buffer
  /** Field `n` is from `bounds[2 * n]` to before `bounds[2 * n + 1]`, with its quotes. The next record reuses the array. */
  readonly bounds: ReadonlyArray<number>
  readonly fields: number
  /** False if it contains a byte over 127. */
  readonly ascii: boolean
  /** False if a value contains a control character, such as a line break. */
  readonly printable: boolean
}

export interface CsvRecordReader {
  /** Passes on the records that the chunk completes. Their bytes are not written again. */
  readonly push: (chunk: Uint8Array) => void
  /** Returns false if the last record is cut short, or a record was longer than any that PostgreSQL prints. */
  readonly end: () => boolean
}

/** In bytes. PostgreSQL's rows end at 1 GB. A longer record means a stray quote, and would fill memory with the whole file. */
const maxRecordBytes = 1_200_000_000

export const csvRecords = (onRecord: (record: CsvRecord) => void): CsvRecordReader => {
  const bounds: Array<number> = []
  /** The beginning of an incomplete record. */
  let held: Array<Buffer> = []
  let heldBytes = 0
  let inQuotes = false
  let broken = false

  /** Passes on the record at `at` and returns the offset after it; -1 if it is incomplete. */
  const read = (bytes: Buffer, at: number): number => {
    let field = 0
    let quoted = false
    let allBits = 0
    let printable = true
    bounds[0] = at
    for (let i = at; i < bytes.length; i++) {
      const code = bytes[i] as number // inside
      // Most bytes are letters and digits, which end neither a field nor a record.
      if (code > comma) allBits |= code
      else if (code === quote) quoted = !quoted
      else if (code === comma && !quoted) {
        bounds[2 * field + 1] = i
        field++
        bounds[2 * field] = i + 1
      } else if (code === newline && !quoted) {
        bounds[2 * field + 1] = i
        onRecord({ bytes, bounds, fields: field + 1, ascii: allBits < 128, printable })
        return i + 1
      } else if (code < space) printable = false
    }
    inQuotes = quoted
    return -1
  }

  /** Returns the offset after the line break that ends the held record; -1 if it is not in these bytes. */
  const endOfHeld = (bytes: Buffer): number => {
    for (let i = 0; i < bytes.length; i++) {
      const code = bytes[i]
      if (code === quote) inQuotes = !inQuotes
      else if (code === newline && !inQuotes) return i + 1
    }
    return -1
  }

  const hold = (bytes: Buffer): void => {
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes <= maxRecordBytes) return
    broken = true
    held = []
  }

  return {
    push: (chunk) => {
      if (broken) return
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      let at = 0
      if (held.length > 0) {
        at = endOfHeld(bytes)
        if (at < 0) return hold(bytes)
        const whole = Buffer.concat([...held, bytes.subarray(0, at)])
        held = []
        heldBytes = 0
        read(whole, 0)
      }
      while (at < bytes.length) {
        const next = read(bytes, at)
        if (next < 0) return hold(bytes.subarray(at))
        at = next
      }
    },
    end: () => !broken && held.length === 0,
  }
}

/** Returns the value of a field as a byte string (see `Bytes.ts`); null is NULL. */
export const fieldText = ({ bytes, bounds }: CsvRecord, field: number): string | null => {
  const start = bounds[2 * field] ?? 0
  const end = bounds[2 * field + 1] ?? 0
  if (start === end) return null
  return bytes[start] === quote
    ? bytes.toString("latin1", start + 1, end - 1).replaceAll('""', '"')
    : bytes.toString("latin1", start, end)
}
