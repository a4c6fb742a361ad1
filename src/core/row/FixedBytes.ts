/**
 * Bytes that are looked for, or written, again and again: compared and copied four at a time, which takes about a
 * third of the time of one at a time. (The native functions for it cost more to call than names of columns are long.)
 */
export class FixedBytes {
  #length = 0
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** `text` is a byte string: see `Bytes.ts`. */
  constructor(text = "") {
    this.set(text)
  }

  get length(): number {
    return this.#length
  }

  /** Holds these from now on, where there is room in the place of those before: that costs a tenth of making a new one. */
  set(text: string): void {
    const { length } = text
    if (length > this.#view.byteLength) this.#view = new DataView(new ArrayBuffer(length))
    for (let i = 0; i < length; i++) this.#view.setUint8(i, text.charCodeAt(i))
    this.#length = length
  }

  /** Whether they stand at `at`, and end at `end` or before. */
  standAt(view: DataView, at: number, end: number): boolean {
    const { length } = this
    if (at + length > end) return false
    const own = this.#view
    let i = 0
    for (; i + 4 <= length; i += 4) if (view.getInt32(at + i) !== own.getInt32(i)) return false
    for (; i < length; i++) if (view.getUint8(at + i) !== own.getUint8(i)) return false
    return true
  }

  /** Writes them at `at`, where there must be room. */
  writeAt(view: DataView, at: number): void {
    const { length } = this
    const own = this.#view
    let i = 0
    for (; i + 4 <= length; i += 4) view.setInt32(at + i, own.getInt32(i))
    for (; i < length; i++) view.setUint8(at + i, own.getUint8(i))
  }
}
