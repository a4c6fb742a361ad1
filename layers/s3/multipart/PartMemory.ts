/**
 * The memory of all objects on their way to one bucket. What an object has not sent yet lies in slabs, so many as its bytes
 * fill. To be sent a part must be of one piece: it is copied into a room, and there are two rooms for all objects.
 * So a large object has two parts under way and fills the next one, and many small ones take little more than their bytes.
 * A part that fits into one slab is of one piece already. It is sent from there, so any number of small objects may be under
 * way at once.
 *
 * Who waits for a room waits for an upload that is under way, and that waits for nothing but the store.
 */
import { Effect, type Scope, Semaphore } from "effect"

/** In bytes. Of the last one of each object a part stays empty. */
const slabBytes = 256 * 1024

/** As many as a part of 5 MiB has: an object that goes on uses again what its last part gave back. */
const spareSlabsMax = 20

const roomCount = 2

/** Pieces of memory that one part gives back and the next one uses: new ones would be dropped faster than they are collected. */
export class Slabs {
  readonly #spare: Array<Buffer> = []

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
  }
  giveBack(slabs: ReadonlyArray<Buffer>): void {
    this.#spare.push(...slabs.slice(0, spareSlabsMax - this.#spare.length))
  }
}

/** A part that is being filled, of at most `capacity` bytes. */
export class HeldPart {
  readonly capacity: number
  readonly #slabs: Slabs
  #held: Array<Buffer> = []
  #length = 0

  constructor(slabs: Slabs, capacity: number) {
    this.#slabs = slabs
    this.capacity = capacity
  }
  get length(): number {
    return this.#length
  }
  /** Copies as much as there is room for, and says how much that was. */
  fill(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.capacity - this.#length)
    for (let done = 0; done < taken; ) {
      const at = this.#length % slabBytes
      if (at === 0) this.#held.push(this.#slabs.take())
      const piece = bytes.subarray(done, Math.min(taken, done + slabBytes - at))
      this.#held.at(-1)?.set(piece, at)
      this.#length += piece.length
      done += piece.length
    }
    return taken
  }
  /** Its bytes, until it is filled or cleared; undefined where they are not of one piece. */
  get piece(): Buffer | undefined {
    return this.#length > slabBytes ? undefined : (this.#held[0] ?? Buffer.alloc(0)).subarray(0, this.#length)
  }
  copyTo(room: Buffer): void {
    this.#held.forEach((slab, i) => {
      slab.copy(room, i * slabBytes, 0, Math.min(slabBytes, this.#length - i * slabBytes))
    })
  }
  /** Gives its memory back. */
  clear(): void {
    this.#slabs.giveBack(this.#held)
    this.#held = []
    this.#length = 0
  }
}

/** Where a part lies while it is sent. */
export class SendRoom {
  #room = Buffer.alloc(0)

  /** Holds until the next part is loaded. */
  load(part: HeldPart): Buffer {
    // Not zeroed: what is never filled then costs no memory.
    if (this.#room.length !== part.capacity) this.#room = Buffer.allocUnsafeSlow(part.capacity)
    part.copyTo(this.#room)
    return this.#room.subarray(0, part.length)
  }
}

export interface PartMemory {
  readonly part: (capacity: number) => HeldPart
  /** Waits until one is free, and has it until the scope closes. */
  readonly room: Effect.Effect<SendRoom, never, Scope.Scope>
}

export const makePartMemory: Effect.Effect<PartMemory> = Effect.gen(function* () {
  const slabs = new Slabs()
  const turn = yield* Semaphore.make(roomCount)
  const free: Array<SendRoom> = []
  const taken = Effect.acquireRelease(
    Effect.sync(() => free.pop() ?? new SendRoom()),
    (room) => Effect.sync(() => free.push(room)),
  )
  return {
    part: (capacity) => new HeldPart(slabs, capacity),
    room: Effect.andThen(Semaphore.takeScoped(turn, 1), taken),
  }
})
