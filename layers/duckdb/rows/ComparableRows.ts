/**
 * Rows in the form in which they are compared: CSV without a header. Fields are the bytes of the lake or of the source, with
 * two exceptions. A long value, or one that is not UTF-8 (a database in SQL_ASCII, a damaged object), is replaced by its
 * digest, so that a value of 1 GB costs neither disk nor memory. Line breaks are written as two characters, so that every
 * line is a row and several threads can read. Both sides are changed alike: equal values stay equal, and others different.
 */

import { createHash } from "node:crypto"
import { comma, newline, quote } from "../../../src/core/bytes/Ascii.ts"
import { csvField } from "../../../src/core/csv/Csv.ts"
import type { CsvRecord } from "../../../src/core/csv/CsvRecords.ts"

/** Longer values are replaced by their digests. In bytes of CSV. */
const maxFieldBytes = 4096

/** Upper bound for a row of short values, in bytes. The engine accepts lines of four times this. */
const maxRowBytes = 512 * 1024

const nul = 0
/** Separates the values of one cell. No value contains it: see `signs`. */
const cellSeparator = 0x03
const firstBufferBytes = 1024 * 1024

/** The value of a field: without its quotes, with `""` as `"`. */
const bareValue = (field: Buffer): Buffer => {
  if (field[0] !== quote) return field
  const value = Buffer.allocUnsafe(field.length)
  let length = 0
  for (let i = 1; i < field.length - 1; i++) {
    value[length++] = field[i] ?? 0
    if (field[i] === quote) i++
  }
  return value.subarray(0, length)
}

/** `\u0002` begins an escape of two characters, and is therefore escaped too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a control character, because values hardly ever contain one
const special = /[\n\r\u0002\u0003]/
const signs: Readonly<Record<string, string>> = {
  "\n": "\u0002n",
  "\r": "\u0002r",
  "\u0002": "\u00022",
  "\u0003": "\u00023",
}
const characters: Readonly<Record<string, string>> = { n: "\n", r: "\r", "2": "\u0002", "3": "\u0003" }

const escaped = (field: string): string =>
  field.replace(new RegExp(special, "g"), (character) => signs[character] ?? character)

/** Returns the value itself, for messages. */
export const unescaped = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  value.replace(/\u0002([nr23])/g, (sign, letter) => characters[letter] ?? sign)

const isText = (value: Buffer): boolean => !value.includes(nul) && !value.toString("utf8").includes("\ufffd")

/** Begins with a character that values hardly ever contain, so that no value equals a digest by accident. */
const digestOf = (value: Buffer): Buffer =>
  Buffer.from(`\u0001${createHash("sha256").update(value).digest("hex")} of ${value.length} bytes`, "latin1")

const isSimple = ({ bytes, bounds, fields, ascii, printable }: CsvRecord): boolean =>
  printable && (ascii || isText(bytes.subarray(bounds[0], bounds[2 * fields - 1])))

/** Fields of a record by their indexes, and values that the record lacks: byte strings, or null. */
export type RecordFields = ReadonlyArray<number | string | null>

export class ComparableRows {
  #buffer = Buffer.allocUnsafe(firstBufferBytes)
  #length = 0
  #first = true
  #separator = comma
  /** The record of the last field. `#simple` is true if all its fields can be copied as they are. */
  #record: CsvRecord | undefined
  #simple = false
  readonly #maxFieldBytes: number

  /** `values` is the number of values in a row: the same for all rows that are compared. */
  constructor(values: number) {
    this.#maxFieldBytes = Math.min(maxFieldBytes, Math.floor(maxRowBytes / values))
  }

  /** Size of the rows since the last `take`, in bytes. */
  get length(): number {
    return this.#length
  }

  /** Returns the rows since the last call. The bytes are valid until the next row is added. */
  take(): Uint8Array {
    const rows = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    return rows
  }

  /** Adds a field of a record by its index, or another value. */
  field(record: CsvRecord, field: number | string | null): void {
    if (typeof field === "number") this.#field(record, field)
    else this.value(field)
  }

  #field(record: CsvRecord, index: number): void {
    if (this.#record !== record) {
      this.#record = record
      this.#simple = isSimple(record)
    }
    this.#separate()
    const { bytes, bounds } = record
    this.#append(bytes, bounds[2 * index] ?? 0, bounds[2 * index + 1] ?? 0, this.#simple)
  }

  /** Adds a value that is a byte string (see `Bytes.ts`). */
  value(value: string | null): void {
    this.#separate()
    const field = Buffer.from(csvField(value), "latin1")
    this.#append(field, 0, field.length, false)
  }

  /**
   * Adds one field for these fields of a record. A single field is copied. Several are joined as CSV fields, so
   * that NULL and the empty string stay different, and the result is quoted once more.
   */
  cell(record: CsvRecord, fields: RecordFields): void {
    if (fields.length === 1) this.field(record, fields[0] ?? null)
    else {
      const start = this.#beginCell()
      for (const field of fields) this.field(record, field)
      this.#endCell(start)
    }
  }

  /** Like `cell`, for values that are byte strings. */
  valueCell(values: ReadonlyArray<string | null>): void {
    if (values.length === 1) this.value(values[0] ?? null)
    else {
      const start = this.#beginCell()
      for (const value of values) this.value(value)
      this.#endCell(start)
    }
  }

  /** Adds ASCII that needs no quotes. */
  plain(text: string): void {
    this.#separate()
    this.#reserve(text.length)
    this.#length += this.#buffer.write(text, this.#length, "latin1")
  }

  endRow(): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = newline
    this.#first = true
  }

  #separate(): void {
    if (this.#first) this.#first = false
    else {
      this.#reserve(1)
      this.#buffer[this.#length++] = this.#separator
    }
  }

  #beginCell(): number {
    this.#separate()
    this.#first = true
    this.#separator = cellSeparator
    return this.#length
  }

  #endCell(start: number): void {
    this.#first = false
    this.#separator = comma
    this.#quote(start)
  }

  /** Quotes what was added from `start` on, if it contains a quote. Every value with a comma does. */
  #quote(start: number): void {
    if (this.#buffer.subarray(start, this.#length).indexOf(quote) < 0) return
    const field = Buffer.from(
      this.#buffer.toString("latin1", start, this.#length).replaceAll('"', '""'),
      "latin1",
    )
    this.#length = start
    this.#reserve(field.length + 2)
    this.#buffer[this.#length++] = quote
    this.#length += field.copy(this.#buffer, this.#length)
    this.#buffer[this.#length++] = quote
  }

  #append(bytes: Buffer, start: number, end: number, simple: boolean): void {
    const field =
      simple && end - start <= this.#maxFieldBytes ? undefined : this.#replacement(bytes, start, end)
    this.#reserve(field?.length ?? end - start)
    this.#length +=
      field?.copy(this.#buffer, this.#length) ?? bytes.copy(this.#buffer, this.#length, start, end)
  }

  /** Returns what replaces a field that cannot be copied as it is; undefined if it can. */
  #replacement(bytes: Buffer, start: number, end: number): Buffer | undefined {
    const field = bytes.subarray(start, end)
    if (field.length > this.#maxFieldBytes || !isText(field)) return digestOf(bareValue(field))
    const text = field.toString("latin1")
    return special.test(text) ? Buffer.from(escaped(text), "latin1") : undefined
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
