/**
 * Moves the values of one line from where the slot printed them to where CSV wants them, byte for byte: a place to read
 * at, a place to write at, and each literal of `PrintedLiteral.ts` as a step of both.
 *
 * A step that finds something else than it knows answers false, and then the places mean nothing any more.
 */
import { FixedBytes } from "./FixedBytes.ts"

const newline = 0x0a
const carriageReturn = 0x0d
const quote = 0x22
const apostrophe = 0x27
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const nine = 0x39
const upperB = 0x42

const trueWord = new FixedBytes("true")
const falseWord = new FixedBytes("false")

/** Whether one of four bytes is less than 0x2d. As all are that mean something in a value: `'`, `"`, `,` and line ends. */
const holdsSmall = (word: number): boolean => ((word - 0x2d2d2d2d) & ~word & -0x7f7f7f80) !== 0

export class ByteTransfer {
  #bytes: Uint8Array = new Uint8Array()
  #view: DataView = new DataView(new ArrayBuffer(0))
  #end = 0
  #from = 0
  #out: Uint8Array = new Uint8Array()
  #target: DataView = new DataView(new ArrayBuffer(0))
  #to = 0

  /** Reads `bytes` from `start` to before `end`. Many lines follow each other in the same bytes. */
  readFrom(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.#from = start
    this.#end = end
  }

  /** Writes into `out` from `at` on, where there must be room for twice of what is read. */
  writeTo(out: Uint8Array, at: number): void {
    if (out !== this.#out) {
      this.#out = out
      this.#target = new DataView(out.buffer, out.byteOffset, out.length)
    }
    this.#to = at
  }

  get atEnd(): boolean {
    return this.#from === this.#end
  }

  /** Where the next byte would be written. */
  get written(): number {
    return this.#to
  }

  /** Steps over what is looked for, where it stands here. */
  skip(bytes: FixedBytes): boolean {
    if (!bytes.standAt(this.#view, this.#from, this.#end)) return false
    this.#from += bytes.length
    return true
  }

  put(bytes: FixedBytes): void {
    bytes.writeAt(this.#target, this.#to)
    this.#to += bytes.length
  }

  putByte(code: number): void {
    this.#out[this.#to++] = code
  }

  /** A whole number of at least 0, in decimal. */
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

  copyBoolean(): boolean {
    const word = trueWord.standAt(this.#view, this.#from, this.#end) ? trueWord : falseWord
    if (!this.skip(word)) return false
    this.put(word)
    return true
  }

  /** Such as `-12.50`. NaN and Infinity are not known here, and what follows a number decides about an exponent. */
  copyNumber(): boolean {
    const bytes = this.#bytes
    const out = this.#out
    let from = this.#from
    let to = this.#to
    if (bytes[from] === minus) {
      out[to++] = minus
      from++
    }
    const digits = from
    let point = -1
    for (; from < this.#end; from++) {
      const code = bytes[from] ?? 0
      if (code === dot && point === -1 && from > digits) point = from
      else if (code < zero || code > nine) break
      out[to++] = code
    }
    if (from === digits || point === from - 1) return false
    this.#from = from
    this.#to = to
    return true
  }

  /** Such as `B'101'`. */
  copyBits(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#from] !== upperB || bytes[this.#from + 1] !== apostrophe) return false
    const start = this.#from + 2
    let from = start
    let to = this.#to
    for (; from < this.#end; from++) {
      const code = bytes[from] ?? 0
      if (code !== zero && code !== zero + 1) break
      this.#out[to++] = code
    }
    if (from === this.#end || bytes[from] !== apostrophe) return false
    this.#from = from + 1
    if (from === start) this.#putEmpty()
    else this.#to = to
    return true
  }

  /** In single quotes, those inside doubled, without zero bytes. It becomes a field as `csvField` writes it. */
  copyText(): boolean {
    const bytes = this.#bytes
    const out = this.#out
    const view = this.#view
    const target = this.#target
    const end = this.#end
    if (bytes[this.#from] !== apostrophe) return false
    const start = this.#to
    const lastWord = end - 4
    let from = this.#from + 1
    let to = start
    let inQuotes = false
    for (;;) {
      while (from <= lastWord) {
        const word = view.getInt32(from, true)
        if (holdsSmall(word)) break
        target.setInt32(to, word, true)
        from += 4
        to += 4
      }
      if (from >= end) return false
      const code = bytes[from++] ?? 0
      if (code === apostrophe) {
        if (from >= end || bytes[from] !== apostrophe) break
        from++
      } else if (code === comma || code === quote || code === newline || code === carriageReturn) {
        if (!inQuotes) {
          inQuotes = true
          for (let at = to++; at > start; at--) out[at] = out[at - 1] ?? 0
          out[start] = quote
        }
        if (code === quote) out[to++] = quote
      } else if (code === 0) return false
      out[to++] = code
    }
    if (inQuotes) out[to++] = quote
    this.#from = from
    if (to === start) this.#putEmpty()
    else this.#to = to
    return true
  }

  /** The empty string: without quotes it would be NULL. */
  #putEmpty(): void {
    this.putByte(quote)
    this.putByte(quote)
  }
}
