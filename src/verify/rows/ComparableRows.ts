/**
 * Rows in the form in which they are compared: CSV without a header, every field the bytes of the lake or of the source, save
 * for those that the comparing engine cannot take or would take badly. A long value, or one that is no UTF-8 (a database
 * in SQL_ASCII, a damaged object), is replaced by its digest; so a value of 1 GB costs neither disk nor memory. Line breaks
 * are written as two characters, so that every line is a row and several threads can read. All of that is done to both
 * sides alike: what was equal stays equal, and what was not does not become so.
 */

import { createHash } from "node:crypto"
import { comma, newline, quote } from "../../core/bytes/Ascii.ts"
import { csvField } from "../../core/csv/Csv.ts"
import type { CsvRecord } from "../../core/csv/CsvRecords.ts"

/** Longer values are replaced by their digests. In bytes, as they stand in CSV. */
const maxFieldBytes = 4096

/** What a row of short values takes at the most: the engine's line ends at four times this. */
const maxRowBytes = 512 * 1024

const nul = 0
/** Between the values of one cell. No value holds it: see `signs`. */
const cellSeparator = 0x03
const firstRoomBytes = 1024 * 1024

/** What stands between the quotes, doubled quotes made single; the bytes of a bare field. */
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

/** `\u0002` begins a sign of two characters, and so stands for itself as one too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is one, so that values hardly ever have it
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

/** Back to the value, for messages. */
export const unescaped = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  value.replace(/\u0002([nr23])/g, (sign, letter) => characters[letter] ?? sign)

const isText = (value: Buffer): boolean => !value.includes(nul) && !value.toString("utf8").includes("\ufffd")

/** Begins with a character that values hardly have; one that had it would still differ from every other. */
const digestOf = (value: Buffer): Buffer =>
  Buffer.from(`\u0001${createHash("sha256").update(value).digest("hex")} of ${value.length} bytes`, "latin1")

const isSimple = ({ bytes, bounds, fields, ascii, printable }: CsvRecord): boolean =>
  printable && (ascii || isText(bytes.subarray(bounds[0], bounds[2 * fields - 1])))

export class ComparableRows {
  #room = Buffer.allocUnsafe(firstRoomBytes)
  #length = 0
  #first = true
  #separator = comma
  /** The record that the last field was of, and whether all its fields can stand for themselves. */
  #record: CsvRecord | undefined
  #simple = false
  readonly #maxFieldBytes: number

  /** `values` is how many a row has: the same for all rows that are compared. */
  constructor(values: number) {
    this.#maxFieldBytes = Math.min(maxFieldBytes, Math.floor(maxRowBytes / values))
  }

  /** The rows since the last `take`, in bytes. */
  get length(): number {
    return this.#length
  }

  /** They are valid until the next row is added. */
  take(): Uint8Array {
    const rows = this.#room.subarray(0, this.#length)
    this.#length = 0
    return rows
  }

  /** Adds a field of a record; NULL where `place` is -1. */
  field(record: CsvRecord, place: number): void {
    if (this.#record !== record) {
      this.#record = record
      this.#simple = isSimple(record)
    }
    this.#separate()
    if (place < 0) return
    const { bytes, bounds } = record
    this.#append(bytes, bounds[2 * place] ?? 0, bounds[2 * place + 1] ?? 0, this.#simple)
  }

  /** Adds a value that is a byte string (see `Bytes.ts`). */
  value(value: string | null): void {
    this.#separate()
    const field = Buffer.from(csvField(value), "latin1")
    this.#append(field, 0, field.length, false)
  }

  /**
   * Adds one field for the fields of a record at these places. One is the field itself. Of several each stands as in CSV, so
   * that NULL and the empty string stay apart, and the field is quoted once more.
   */
  cell(record: CsvRecord, places: ReadonlyArray<number>): void {
    if (places.length === 1) this.field(record, places[0] ?? -1)
    else {
      const start = this.#beginCell()
      for (const place of places) this.field(record, place)
      this.#endCell(start)
    }
  }

  /** The same of values that are byte strings. */
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
    this.#length += this.#room.write(text, this.#length, "latin1")
  }

  endRow(): void {
    this.#reserve(1)
    this.#room[this.#length++] = newline
    this.#first = true
  }

  #separate(): void {
    if (this.#first) this.#first = false
    else {
      this.#reserve(1)
      this.#room[this.#length++] = this.#separator
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

  /** Quotes what was added from `start` on, where it holds a quote: as every value does that holds a comma. */
  #quote(start: number): void {
    if (this.#room.subarray(start, this.#length).indexOf(quote) < 0) return
    const field = Buffer.from(
      this.#room.toString("latin1", start, this.#length).replaceAll('"', '""'),
      "latin1",
    )
    this.#length = start
    this.#reserve(field.length + 2)
    this.#room[this.#length++] = quote
    this.#length += field.copy(this.#room, this.#length)
    this.#room[this.#length++] = quote
  }

  #append(bytes: Buffer, start: number, end: number, simple: boolean): void {
    const field =
      simple && end - start <= this.#maxFieldBytes ? undefined : this.#replacement(bytes, start, end)
    this.#reserve(field?.length ?? end - start)
    this.#length += field?.copy(this.#room, this.#length) ?? bytes.copy(this.#room, this.#length, start, end)
  }

  /** What stands for a field that cannot stand for itself; undefined where it can. */
  #replacement(bytes: Buffer, start: number, end: number): Buffer | undefined {
    const field = bytes.subarray(start, end)
    if (field.length > this.#maxFieldBytes || !isText(field)) return digestOf(bareValue(field))
    const text = field.toString("latin1")
    return special.test(text) ? Buffer.from(escaped(text), "latin1") : undefined
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#room.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#room.length * 2, this.#length + bytes))
    this.#room.copy(larger, 0, 0, this.#length)
    this.#room = larger
  }
}
