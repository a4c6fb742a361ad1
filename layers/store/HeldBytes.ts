/**
 * What all objects on their way to one lake hold back together, each until it has enough for a large write. One object may hold
 * all of it; many share it, so that memory does not grow with their number.
 */

/** Of all objects, in bytes. Six objects hold their usual part of 5 MiB in it. */
const mostBytes = 32 * 1024 * 1024

/** Less is not worth a write. In bytes. */
const leastBytes = 64 * 1024

export class HeldBytes {
  #bytes = 0
  #holders = 0

  /** Counts bytes more of an object that held `before`. */
  add(count: number, before: number): void {
    if (before === 0 && count > 0) this.#holders++
    this.#bytes += count
  }
  /** An object holds its `count` bytes no more. */
  release(count: number): void {
    if (count > 0) this.#holders--
    this.#bytes -= count
  }
  /** Whether an object that holds `own` bytes has to write them: too many are held, and these are no less than its share. */
  isOver(own: number): boolean {
    return this.#bytes > mostBytes && own >= Math.max(leastBytes, mostBytes / this.#holders)
  }
}
