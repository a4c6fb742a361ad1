/**
 * Collects small chunks until they are worth a write call, and is reused after the call. An empty buffer takes no memory: it
 * takes some from the pool with its first byte, and releases it to the pool when it is cleared.
 */
import type { BufferPool } from "../store/BufferPool.ts"

export class WriteBuffer {
  readonly #pool: BufferPool
  #buffer: Buffer | undefined
  #used = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }
  get content(): Buffer {
    return this.#buffer?.subarray(0, this.#used) ?? Buffer.alloc(0)
  }
  /** True if it should be written before it is full: many buffers hold too much together. */
  get isOver(): boolean {
    return this.#pool.held.isOver(this.#used)
  }
  /** Copies as many bytes as fit. Returns their number. */
  fill(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0
    this.#buffer ??= this.#pool.take()
    const taken = Math.min(bytes.length, this.#buffer.length - this.#used)
    this.#buffer.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), this.#used)
    this.#pool.held.add(taken, this.#used)
    this.#used += taken
    return taken
  }
  clear(): this {
    this.#pool.held.release(this.#used)
    this.#used = 0
    if (this.#buffer !== undefined) this.#pool.release(this.#buffer)
    this.#buffer = undefined
    return this
  }
}
