/** Hashes a long value, window by window, and appends the hash to the rows: the twin of `LongValueEncoder.ts`. */
import { apostrophe } from "../bytes/Ascii.ts"
import type { RowBuffer } from "../row/RowBuffer.ts"
import type { MarkInRow } from "../slot/LongLine.ts"
import type { ValueHashing } from "./Projection.ts"

export class LongValueHash {
  readonly #rows: RowBuffer
  readonly #hash: ReturnType<ValueHashing["begin"]>
  readonly #isPaired: boolean
  /** True if the last window ended with the first of two apostrophes. */
  #skip = false

  constructor(rows: RowBuffer, hashing: ValueHashing, { value }: MarkInRow) {
    this.#rows = rows
    this.#hash = hashing.begin()
    this.#isPaired = value.isPaired
  }

  /** Returns how many bytes of the window were read: all. */
  append(window: Uint8Array): number {
    this.#hash.update(this.#isPaired ? this.#unpaired(window) : window)
    return window.length
  }

  end(): void {
    this.#rows.push(this.#hash.end())
  }

  #unpaired(window: Uint8Array): Uint8Array {
    const value = Buffer.allocUnsafe(window.length)
    let length = 0
    for (let at = 0; at < window.length; at++) {
      const code = window[at] ?? 0
      if (this.#skip) {
        this.#skip = false
        continue
      }
      this.#skip = code === apostrophe
      value[length++] = code
    }
    return value.subarray(0, length)
  }
}
