/**
 * Memory that the unwritten objects of one lake share: buffers of one size, which one object releases and the next one reuses.
 */
import { HeldBytes } from "./HeldBytes.ts"

export class BufferPool {
  /** The bytes in these buffers. */
  readonly held = new HeldBytes()
  readonly #bytes: number
  readonly #spareMax: number
  readonly #spare: Array<Buffer> = []

  /**
   * `bytes`: the size of each buffer. `spareMax`: the number of released ones that are kept, because garbage collection would
   * be too slow for new ones.
   */
  constructor(bytes: number, spareMax: number) {
    this.#bytes = bytes
    this.#spareMax = spareMax
  }
  take(): Buffer {
    // Not from Node's pool, and not zeroed, so that unused pages cost no memory.
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }
  release(buffer: Buffer): void {
    if (this.#spare.length < this.#spareMax) this.#spare.push(buffer)
  }
}
