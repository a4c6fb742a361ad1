/**
 * Room in which small pieces gather until they are worth a call that writes them, and which is used again after it. An empty
 * buffer has no room: it takes one with its first byte and gives it to the next buffer that needs one.
 */
import { HeldBytes } from "../store/HeldBytes.ts"

/** Rooms that are kept for the next buffer: dropped ones are collected later than new ones are made. */
const spareRoomsMax = 8

/** What the buffers of one folder share. */
export class WriteRooms {
  readonly held = new HeldBytes()
  readonly #bytes: number
  readonly #spare: Array<Buffer> = []

  /** `bytes`: the size of each. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }
  take(): Buffer {
    // Not from Node's pool, and not zeroed: what is never filled then costs no memory.
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }
  giveBack(room: Buffer): void {
    if (this.#spare.length < spareRoomsMax) this.#spare.push(room)
  }
}

export class WriteBuffer {
  readonly #rooms: WriteRooms
  #room: Buffer | undefined
  #used = 0

  constructor(rooms: WriteRooms) {
    this.#rooms = rooms
  }
  get content(): Buffer {
    return this.#room?.subarray(0, this.#used) ?? Buffer.alloc(0)
  }
  /** Whether its bytes should be written before it is full: many buffers hold too much together. */
  get isOver(): boolean {
    return this.#rooms.held.isOver(this.#used)
  }
  /** Copies as much as there is room for, and says how much that was. */
  fill(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0
    this.#room ??= this.#rooms.take()
    const taken = Math.min(bytes.length, this.#room.length - this.#used)
    this.#room.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), this.#used)
    this.#rooms.held.add(taken, this.#used)
    this.#used += taken
    return taken
  }
  clear(): this {
    this.#rooms.held.release(this.#used)
    this.#used = 0
    if (this.#room !== undefined) this.#rooms.giveBack(this.#room)
    this.#room = undefined
    return this
  }
}
