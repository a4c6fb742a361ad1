/** Room in which small pieces gather until they are worth a call that writes them, and which is used again after it. */
export class WriteBuffer {
  readonly #room: Buffer
  #used = 0

  // Not from Node's pool, and not zeroed: what is never filled then costs no memory.
  constructor(bytes: number) {
    this.#room = Buffer.allocUnsafeSlow(bytes)
  }
  get content(): Buffer {
    return this.#room.subarray(0, this.#used)
  }
  /** Copies as much as there is room for, and says how much that was. */
  fill(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#room.length - this.#used)
    this.#room.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), this.#used)
    this.#used += taken
    return taken
  }
  clear(): this {
    this.#used = 0
    return this
  }
}
