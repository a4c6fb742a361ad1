/**
 * Counts the bytes that all unwritten objects of one lake hold in memory until they are worth a large write. One object may use
 * the whole budget; many share it, so that memory does not grow with their number.
 */

/** The budget of all objects, in bytes. Six objects with a part of 5 MiB each fit. */
const mostBytes = 32 * 1024 * 1024

/** In bytes. Less is not worth a write. */
const leastBytes = 64 * 1024

export class HeldBytes {
  #bytes = 0
  #holders = 0

  /** Adds `count` bytes of an object that held `before` bytes. */
  add(count: number, before: number): void {
    if (before === 0 && count > 0) this.#holders++
    this.#bytes += count
  }
  /** Subtracts all `count` bytes of an object. */
  release(count: number): void {
    if (count > 0) this.#holders--
    this.#bytes -= count
  }
  /** True if an object must write its `own` bytes: the budget is exceeded, and the object holds its share or more. */
  isOver(own: number): boolean {
    return this.#bytes > mostBytes && own >= Math.max(leastBytes, mostBytes / this.#holders)
  }
}
