/**
 * Rows in the form in which they are compared: CSV without a header, every field the bytes of the lake or of the source, save
 * for those that the comparing engine cannot take. A long value, or one that is no UTF-8 (a database in SQL_ASCII, a damaged
 * object), is replaced by its digest. That is done to both sides alike, so what was equal stays equal, and a value of 1 GB
 * costs neither disk nor memory.
 */
import { createHash } from "node:crypto"
import { csvField } from "./core/Csv.ts"
import type { CsvRecord } from "./core/CsvRecords.ts"

/** Of a field as it stands in CSV. A table has up to 1,600 columns, and the engine's line ends at 16 MiB. */
const maxFieldBytes = 4096

const quote = 0x22
const comma = 0x2c
const newline = 0x0a
const nul = 0
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

const isText = (value: Buffer): boolean => !value.includes(nul) && !value.toString("utf8").includes("\ufffd")

/** Begins with a character that values hardly have; one that had it would still differ from every other. */
const digestOf = (value: Buffer): Buffer =>
  Buffer.from(`\u0001${createHash("sha256").update(value).digest("hex")} of ${value.length} bytes`, "latin1")

export class ComparableRows {
  #room = Buffer.allocUnsafe(firstRoomBytes)
  #length = 0
  #first = true

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
    this.#separate()
    if (place < 0) return
    const { bytes, bounds, ascii } = record
    this.#append(bytes, bounds[2 * place] ?? 0, bounds[2 * place + 1] ?? 0, ascii)
  }

  /** Adds a value that is a byte string (see `Bytes.ts`). */
  value(value: string | null): void {
    this.#separate()
    const field = Buffer.from(csvField(value), "latin1")
    this.#append(field, 0, field.length, false)
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
      this.#room[this.#length++] = comma
    }
  }

  #append(bytes: Buffer, start: number, end: number, ascii: boolean): void {
    const field = bytes.subarray(start, end)
    if (end - start > maxFieldBytes || !(ascii || isText(field))) {
      const digest = digestOf(bareValue(field))
      this.#reserve(digest.length)
      this.#length += digest.copy(this.#room, this.#length)
      return
    }
    this.#reserve(field.length)
    this.#length += field.copy(this.#room, this.#length)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#room.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#room.length * 2, this.#length + bytes))
    this.#room.copy(larger, 0, 0, this.#length)
    this.#room = larger
  }
}
