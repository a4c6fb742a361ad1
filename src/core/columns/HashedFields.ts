/**
 * Puts hashes in the place of values in a CSV (the dialect of `Csv.ts`) whose chunks may be cut anywhere. All other bytes
 * stay as they are. Memory does not depend on the size of a value.
 */
import { comma, newline, quote } from "../bytes/Ascii.ts"
import { hashBytes, type ValueHashing } from "./Projection.ts"

/** A value up to this size is hashed at once. In bytes. */
const heldBytesMax = 16 * 1024

/** The output is about as long as the input, if hashes are about as long as values. */
const spareBytes = 4 * 1024

export class HashedFields {
  readonly #isHashed: ReadonlyArray<boolean>
  readonly #hashing: ValueHashing
  #isHeader = true
  #field = 0
  #inQuotes = false
  /** True if the field has bytes: else it is NULL. */
  #isBegun = false
  /** The value of the hashed field so far, or what of it is not in `#long` yet. */
  readonly #held = Buffer.allocUnsafeSlow(heldBytesMax)
  #heldBytes = 0
  #long: ReturnType<ValueHashing["begin"]> | undefined
  #out = Buffer.alloc(0)
  #length = 0

  /** One boolean per column. The first record is the header. */
  constructor(isHashed: ReadonlyArray<boolean>, hashing: ValueHashing) {
    this.#isHashed = isHashed
    this.#hashing = hashing
  }

  /** Returns what is known of the output after the chunk: new bytes. */
  push(chunk: Uint8Array): Uint8Array {
    this.#out = Buffer.allocUnsafe(chunk.length + spareBytes)
    this.#length = 0
    let at = 0
    while (at < chunk.length) at = this.#hashesNow ? this.#readHashed(chunk, at) : this.#readKept(chunk, at)
    return this.#out.subarray(0, this.#length)
  }

  get #hashesNow(): boolean {
    return !this.#isHeader && this.#isHashed[this.#field] === true
  }

  /** Copies fields up to the next one that is hashed. Returns the offset after them. */
  #readKept(chunk: Uint8Array, from: number): number {
    let inQuotes = this.#inQuotes
    let at = from
    for (; at < chunk.length; at++) {
      const code = chunk[at] ?? 0
      // Most bytes are letters and digits.
      if (code > comma) continue
      if (code === quote) inQuotes = !inQuotes
      else if (!inQuotes && (code === comma || code === newline)) {
        this.#endField(code)
        if (this.#hashesNow) {
          at++
          break
        }
      }
    }
    this.#inQuotes = inQuotes
    this.#copy(chunk, from, at)
    return at
  }

  /** Hashes a field up to the delimiter after it. Returns the offset after the delimiter. */
  #readHashed(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const code = chunk[at] ?? 0
      if (code === quote) {
        // The second one of two quotes is in the value; the first one, and those around it, are not.
        if (!this.#inQuotes && this.#isBegun) this.#hold(code)
        this.#inQuotes = !this.#inQuotes
      } else if (!this.#inQuotes && (code === comma || code === newline)) {
        this.#endHash()
        this.#reserve(1)
        this.#out[this.#length++] = code
        this.#endField(code)
        return at + 1
      } else this.#hold(code)
      this.#isBegun = true
    }
    return chunk.length
  }

  #endField(delimiter: number): void {
    this.#field = delimiter === comma ? this.#field + 1 : 0
    if (delimiter === newline) this.#isHeader = false
    this.#isBegun = false
  }

  #hold(code: number): void {
    if (this.#heldBytes === heldBytesMax) {
      this.#long ??= this.#hashing.begin()
      this.#long.update(this.#held)
      this.#heldBytes = 0
    }
    this.#held[this.#heldBytes++] = code
  }

  #endHash(): void {
    if (!this.#isBegun) return
    const held = this.#held.subarray(0, this.#heldBytes)
    this.#long?.update(held)
    const hash = this.#long?.end() ?? this.#hashing.hash(held)
    this.#long = undefined
    this.#heldBytes = 0
    this.#reserve(hashBytes)
    this.#length += this.#out.write(hash, this.#length, "latin1")
  }

  #copy(chunk: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    this.#out.set(chunk.subarray(from, to), this.#length)
    this.#length += to - from
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#out.length, this.#length + bytes))
    this.#out.copy(larger, 0, 0, this.#length)
    this.#out = larger
  }
}
