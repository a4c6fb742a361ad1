/** Encodes a long value as a CSV field, window by window and byte by byte, so that a window may cut a character. */
import { apostrophe, quote } from "../bytes/Ascii.ts"
import type { MarkInRow } from "../slot/LongLine.ts"
import type { RowBuffer } from "./RowBuffer.ts"

/** By byte: what is written instead of it; undefined if the byte is written as it is. */
type Escapes = ReadonlyArray<Uint8Array | undefined>

const escapes = (of: (character: string) => string): Escapes =>
  Array.from({ length: 256 }, (_, code) => {
    const character = String.fromCharCode(code)
    const printed = of(character)
    return printed === character ? undefined : Buffer.from(printed, "latin1")
  })

const doubled = (text: string): string => text.replaceAll('"', '""')

const inField = escapes(doubled)
const inJsonInField = escapes((character) => doubled(JSON.stringify(character).slice(1, -1)))
const asItIs = escapes((character) => character)

/** `\u0001` for one byte. */
const longestEscape = 6

/** Bytes that are encoded at once: their escapes fit into the buffer of usual rows. */
const stepBytes = 32 * 1024

export class LongValueEncoder {
  readonly #rows: RowBuffer
  #escapes: Escapes = asItIs
  #hasQuotes = false
  #isPaired = false
  /** True if the last window ended with the first of two apostrophes. */
  #skip = false

  constructor(rows: RowBuffer) {
    this.#rows = rows
  }

  begin({ value, inJson }: MarkInRow): void {
    this.#hasQuotes = value.isQuoted && !inJson
    this.#escapes = inJson ? inJsonInField : value.isQuoted ? inField : asItIs
    this.#isPaired = value.isPaired
    this.#skip = false
    if (this.#hasQuotes) this.#rows.push('"')
  }

  /** Appends the beginning of `window` to the rows. Returns how many of its bytes were appended: at least one. */
  append(window: Uint8Array): number {
    const step = window.subarray(0, stepBytes)
    const rows = this.#rows
    rows.reserve(longestEscape * step.length)
    if (this.#escapes !== asItIs || this.#isPaired) rows.length = this.#encode(step, rows.bytes, rows.length)
    else {
      rows.bytes.set(step, rows.length)
      rows.length += step.length
    }
    return step.length
  }

  end(): void {
    if (this.#hasQuotes) this.#rows.push('"')
  }

  #encode(step: Uint8Array, out: Uint8Array, from: number): number {
    const known = this.#escapes
    let skip = this.#skip
    let to = from
    for (let at = 0; at < step.length; at++) {
      const code = step[at] ?? 0
      if (skip) {
        skip = false
        continue
      }
      skip = code === apostrophe
      const printed = known[code]
      if (printed === undefined) out[to++] = code
      else if (code === quote && printed.length === 2) {
        out[to++] = quote
        out[to++] = quote
      } else for (let i = 0; i < printed.length; i++) out[to++] = printed[i] ?? 0
    }
    this.#skip = skip
    return to
  }
}
