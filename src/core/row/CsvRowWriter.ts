/** Writes the values of a line as CSV fields, copied from the spans of the tokenizer. */
import { apostrophe, comma, quote, zero } from "../bytes/Ascii.ts"
import type { FixedBytes } from "../bytes/FixedBytes.ts"
import { firstOf, four, zeroBytes } from "../bytes/FourBytes.ts"
import type { LineCursor } from "../slot/tokens/LineCursor.ts"
import { emptyForm, plainForm, quotedFlag, type TupleSpans } from "../slot/tokens/TupleSpans.ts"
import type { RowBuffer } from "./RowBuffer.ts"

export class CsvRowWriter {
  #out: Buffer = Buffer.alloc(0)
  #target: DataView = new DataView(new ArrayBuffer(0))
  #to = 0
  #bytes: Uint8Array = new Uint8Array()
  #view: DataView = new DataView(new ArrayBuffer(0))
  #limit = 0

  /** Writes to the end of `rows`. Call `rows.reserve` first. */
  begin(rows: RowBuffer, cursor: LineCursor): void {
    const out = rows.bytes
    if (out !== this.#out) {
      this.#out = out
      this.#target = new DataView(out.buffer, out.byteOffset, out.length)
    }
    this.#to = rows.length
    this.#bytes = cursor.bytes
    this.#view = cursor.view
    this.#limit = cursor.view.byteLength - 3
  }

  /** The offset after the last byte written. */
  get written(): number {
    return this.#to
  }

  /** Appends a byte string: see `Bytes.ts`. */
  putText(text: string): void {
    if (text !== "") this.#to += this.#out.write(text, this.#to, "latin1")
  }

  put(bytes: FixedBytes): void {
    bytes.writeAt(this.#target, this.#to)
    this.#to += bytes.length
  }

  putByte(code: number): void {
    this.#out[this.#to++] = code
  }

  /** Appends an integer of at least 0, in decimal. */
  putNumber(value: number): void {
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
    let rest = value
    for (let at = this.#to + digits - 1; at >= this.#to; at--) {
      this.#out[at] = zero + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.#to += digits
  }

  /** Appends all values of a tuple, a comma before each. */
  putAll(spans: TupleSpans): void {
    const { forms, bounds, count } = spans
    for (let i = 0; i < count; i++) {
      this.#out[this.#to++] = comma
      this.#putValue(forms[i] ?? 0, bounds[2 * i] ?? 0, bounds[2 * i + 1] ?? 0)
    }
  }

  /** Appends one value: nothing for NULL and for an unchanged TOAST value. */
  putValue(spans: TupleSpans, i: number): void {
    this.#putValue(spans.form(i), spans.from(i), spans.to(i))
  }

  #putValue(form: number, from: number, to: number): void {
    if (form === plainForm) this.#copy(from, to)
    else if (form > emptyForm) this.#encode(form, from, to)
    else if (form === emptyForm) {
      // Without quotes it would be NULL.
      this.#out[this.#to++] = quote
      this.#out[this.#to++] = quote
    }
  }

  #copy(from: number, end: number): void {
    const view = this.#view
    const target = this.#target
    let to = this.#to
    let at = from
    if (end <= this.#limit) {
      // The bytes that it writes beyond `end` are overwritten by the next field.
      for (; at < end; at += 4, to += 4) target.setInt32(to, view.getInt32(at, true), true)
    } else {
      const bytes = this.#bytes
      for (; at < end; at++) this.#out[to++] = bytes[at] ?? 0
    }
    this.#to += end - from
  }

  #encode(form: number, from: number, end: number): void {
    const bytes = this.#bytes
    const view = this.#view
    const out = this.#out
    const target = this.#target
    const isQuoted = (form & quotedFlag) !== 0
    const lastWord = end - 4
    let to = this.#to
    let at = from
    if (isQuoted) out[to++] = quote
    while (at < end) {
      let code = -1
      if (at <= lastWord) {
        const word = view.getInt32(at, true)
        const found = zeroBytes(word ^ four(quote)) | zeroBytes(word ^ four(apostrophe))
        target.setInt32(to, word, true)
        if (found === 0) {
          at += 4
          to += 4
          continue
        }
        const n = firstOf(found) + 1
        at += n
        to += n
        code = bytes[at - 1] ?? 0
      } else {
        code = bytes[at++] ?? 0
        out[to++] = code
      }
      if (code === quote) out[to++] = quote
      else if (code === apostrophe) at++
    }
    if (isQuoted) out[to++] = quote
    this.#to = to
  }
}
