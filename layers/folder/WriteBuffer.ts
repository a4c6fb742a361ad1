/**
 * Collects small chunks until they are worth a write call, and is reused after the call. An empty buffer takes no memory: it
 * takes some from the pool with its first byte, and releases it to the pool when it is cleared.
 */
import { HeldBytes } from "../store/HeldBytes.ts"

/** Allocations that are kept for the next buffer: garbage collection would be too slow for new ones. */
const spareBuffersMax = 8

/** The memory that the buffers of one folder share. */
export class BufferPool {
  readonly held = new HeldBytes()
  readonly #bytes: number
  readonly #spare: Array<Buffer> = []

  /** `bytes`: the size of each buffer. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }
  take(): Buffer {
    // Not from Node's pool, and not zeroed, so that unused pages cost no memory.
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }
  release(buffer: Buffer): void {
    if (this.#spare.length < spareBuffersMax) this.#spare.push(buffer)
  }
}

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
