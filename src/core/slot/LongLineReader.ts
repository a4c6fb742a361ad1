/**
 * Reads a long line part by part and keeps its text with marks (`LongLine.ts`), a few kB per column.
 *
 * Outside of quotes `test_decoding` prints only names, types, short words and numbers. A value's quotes follow a colon,
 * those of bits a colon and `B`, and a number follows a colon. All else in quotes is a name or a type.
 */

import { apostrophe, colon, quote, upperB, zero } from "../bytes/Ascii.ts"
import { needingQuotes } from "../csv/Csv.ts"
import { NumberReader } from "../row/NumberReader.ts"
import { printMark, zeroByte } from "./LongLine.ts"

/** A longer value becomes a mark. In bytes. */
const longValueBytes = 4 * 1024

/**
 * The longest text with marks, in bytes. A row under FULL has up to 3,200 values of 4 kB, each with a name and a type of about
 * 400 bytes: 15 MB. A longer text is no row of PostgreSQL.
 */
const textBytesMax = 32 * 1024 * 1024

/** If another quote is within this many bytes, comparing bytes is faster than a native search. */
const nearby = 32

type Mode = "outside" | "number" | "quoted"

export class LongLineReader {
  readonly #longest: number
  /** Offset of the next part, in bytes from the beginning of the transaction's first long line. */
  #offset: number
  #text = ""
  #mode: Mode = "outside"
  /** The last two bytes outside of quotes, the last one first. */
  #last = 0
  #beforeLast = 0
  /** The quote around the quoted text: `'` or `"`. */
  #code = 0
  /** True if the last part ended with a quote: it closes the quoted text, or is the first of a pair. */
  #pending = false
  /** The quoted text or number so far, while it is not known to be long. */
  #short = ""
  #canBeLong = false
  #isBits = false
  /** Offset of the long value; -1 while it is not known to be long. */
  #longFrom = -1
  #start = 0
  #isQuoted = false
  #isPaired = false
  readonly #number = new NumberReader()
  /** The problem of the line, without its values. */
  failure: string | undefined

  /** `offset` is that of its first part. A value longer than `longest` becomes a mark. In bytes. */
  constructor(offset: number, longest = longValueBytes) {
    this.#offset = offset
    this.#longest = longest
  }

  /** Reads the next part. Returns false if the line cannot be read; `failure` says why. */
  push(part: Buffer): boolean {
    // It would be read as a mark.
    if (part.includes(0)) return this.#fail(zeroByte)
    let at = 0
    while (at < part.length && this.failure === undefined) {
      if (this.#mode === "outside") at = this.#readOutside(part, at)
      else if (this.#mode === "number") at = this.#readNumber(part, at)
      else at = this.#readQuoted(part, at)
    }
    this.#offset += part.length
    return this.failure === undefined
  }

  /** Returns the whole line's text with marks; undefined if it cannot be read. */
  end(): string | undefined {
    if (this.#mode === "number") this.#endNumber(this.#offset)
    if (this.#pending) this.#close(this.#offset - 1)
    if (this.#mode === "quoted") this.#fail("a quote that is not closed")
    return this.failure === undefined ? this.#text : undefined
  }

  #fail(why: string): false {
    this.failure ??= why
    return false
  }

  #append(text: string): void {
    this.#text += text
    if (this.#text.length > textBytesMax) this.#fail(`more than ${textBytesMax} bytes beside its long values`)
  }

  #readOutside(part: Buffer, from: number): number {
    for (let at = from; at < part.length; at++) {
      const code = part[at] ?? 0
      const isQuote = code === apostrophe || code === quote
      if (isQuote || (this.#last === colon && this.#number.begins(code))) {
        this.#append(part.toString("latin1", from, at))
        this.#begin(isQuote, code, this.#offset + at + (isQuote ? 1 : 0))
        return isQuote ? at + 1 : at
      }
      this.#beforeLast = this.#last
      this.#last = code
    }
    this.#append(part.toString("latin1", from))
    return part.length
  }

  #begin(isQuote: boolean, code: number, start: number): void {
    const follows = this.#last === colon
    this.#isBits = this.#last === upperB && this.#beforeLast === colon
    this.#canBeLong = !isQuote || (code === apostrophe && (follows || this.#isBits))
    this.#mode = isQuote ? "quoted" : "number"
    this.#code = code
    this.#start = start
    this.#short = ""
    this.#longFrom = -1
    this.#isQuoted = false
    this.#isPaired = false
  }

  #readNumber(part: Buffer, from: number): number {
    const end = this.#number.read(part, from)
    this.#keep(part, from, end)
    if (end < part.length) this.#endNumber(this.#offset + end)
    return end
  }

  #endNumber(end: number): void {
    if (this.#longFrom !== -1 && !this.#number.isWhole) this.#fail("a number that ends too early")
    this.#append(this.#taken(end))
    this.#last = 0
    this.#mode = "outside"
  }

  /** Returns the offset after the quoted text, or the end of the part. */
  #readQuoted(part: Buffer, from: number): number {
    if (!this.#pending) return this.#readToQuote(part, from, from)
    this.#pending = false
    if (part[from] !== this.#code) {
      this.#close(this.#offset + from - 1)
      return from
    }
    if (this.#longFrom === -1) this.#short += String.fromCharCode(this.#code)
    this.#isPaired = true
    return this.#readToQuote(part, from, from + 1)
  }

  #readToQuote(part: Buffer, from: number, searchFrom: number): number {
    let found = indexOfNext(part, this.#code, searchFrom)
    while (found !== -1 && part[found + 1] === this.#code) {
      this.#isPaired = true
      found = indexOfNext(part, this.#code, found + 2)
    }
    this.#keep(part, from, found === -1 ? part.length : found)
    if (found === -1) return part.length
    if (found + 1 === part.length) this.#pending = true
    else this.#close(this.#offset + found)
    return found + 1
  }

  #close(end: number): void {
    const around = String.fromCharCode(this.#code)
    this.#append(around + this.#taken(end) + around)
    this.#beforeLast = 0
    this.#last = this.#code
    this.#mode = "outside"
  }

  /** Returns the quoted text or number, or its mark if it is long. */
  #taken(end: number): string {
    if (this.#longFrom === -1) return this.#short
    const offset = this.#longFrom
    return printMark({ offset, length: end - offset, isQuoted: this.#isQuoted, isPaired: this.#isPaired })
  }

  #keep(part: Buffer, from: number, to: number): void {
    if (this.#longFrom === -1) {
      const length = this.#short.length + to - from
      if (!this.#canBeLong || length <= this.#longest) {
        if (length > textBytesMax) this.#fail("a name or a type that is too long")
        else this.#short += part.toString("latin1", from, to)
        return
      }
      this.#longFrom = this.#start
      this.#inspect(Buffer.from(this.#short, "latin1"))
    }
    this.#inspect(part.subarray(from, to))
  }

  #inspect(value: Buffer): void {
    if (this.#isBits && !isBits(value)) this.#fail("bits other than 0 and 1")
    this.#isQuoted ||= needingQuotes.some((code) => value.includes(code))
  }
}

const isBits = (value: Buffer): boolean => {
  for (let at = 0; at < value.length; at++) if (((value[at] ?? 0) | 1) !== (zero | 1)) return false
  return true
}

const indexOfNext = (part: Buffer, code: number, from: number): number => {
  const near = Math.min(from + nearby, part.length)
  for (let at = from; at < near; at++) if (part[at] === code) return at
  return part.indexOf(code, near)
}
