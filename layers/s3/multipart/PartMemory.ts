/**
 * The memory of all objects on their way to one bucket. What an object has not sent yet lies in slabs, so many as its bytes
 * fill. To be sent a part must be of one piece: it is copied into a room, and there are two rooms for all objects.
 * So a large object has two parts under way and fills the next one, and many small ones take little more than their bytes.
 * S3 takes no part below 5 MiB but the last. Where many objects hold too much together, they spill to temporary files.
 * A part that fits into one slab is of one piece already. It is sent from there, so any number of small objects may be under
 * way at once.
 *
 * Who waits for a room waits for an upload that is under way, and that waits for nothing but the store.
 */
import { Effect, type Scope, Semaphore } from "effect"
import type { StoreError } from "../../../src/services/lake/StoreError.ts"
import type { Spool, SpoolFile } from "../../../src/services/Spool.ts"
import { HeldBytes } from "../../store/HeldBytes.ts"

/** In bytes. Of the last one of each object a part stays empty. */
const slabBytes = 256 * 1024

/** As many as a part of 5 MiB has: an object that goes on uses again what its last part gave back. */
const spareSlabsMax = 20

const roomCount = 2

/** Pieces of memory that one part gives back and the next one uses: new ones would be dropped faster than they are collected. */
export class Slabs {
  readonly held = new HeldBytes()
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
  /** How many of its bytes, the first ones, wait in a temporary file. */
  #spilled = 0

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
    this.#slabs.held.add(taken, this.#inMemory)
    for (let done = 0; done < taken; ) {
      const at = this.#inMemory % slabBytes
      if (at === 0) this.#held.push(this.#slabs.take())
      const piece = bytes.subarray(done, Math.min(taken, done + slabBytes - at))
      this.#held.at(-1)?.set(piece, at)
      this.#length += piece.length
      done += piece.length
    }
    return taken
  }
  get #inMemory(): number {
    return this.#length - this.#spilled
  }
  /** Whether it should spill: many parts hold too much together. */
  get isOver(): boolean {
    return this.#slabs.held.isOver(this.#inMemory)
  }
  get spilledBytes(): number {
    return this.#spilled
  }
  /** Moves what it holds to the end of the file, which has the bytes before. */
  spill(file: SpoolFile): Effect.Effect<void, StoreError> {
    return Effect.forEach(this.#pieces(), (piece) => file.append(piece), { discard: true }).pipe(
      Effect.andThen(
        Effect.sync(() => {
          this.#giveBack()
          this.#spilled = this.#length
        }),
      ),
    )
  }
  /** Its bytes, until it is filled or cleared; undefined where they are not of one piece. */
  get piece(): Buffer | undefined {
    return this.#spilled > 0 || this.#length > slabBytes
      ? undefined
      : (this.#held[0] ?? Buffer.alloc(0)).subarray(0, this.#length)
  }
  /** Leaves room for what is spilled. */
  copyTo(room: Buffer): void {
    this.#pieces().forEach((piece, i) => void piece.copy(room, this.#spilled + i * slabBytes))
  }
  /** Gives its memory back. */
  clear(): void {
    this.#giveBack()
    this.#spilled = 0
    this.#length = 0
  }
  #pieces(): ReadonlyArray<Buffer> {
    return this.#held.map((slab, i) => slab.subarray(0, Math.min(slabBytes, this.#inMemory - i * slabBytes)))
  }
  #giveBack(): void {
    this.#slabs.held.release(this.#inMemory)
    this.#slabs.giveBack(this.#held)
    this.#held = []
  }
}

/** Where a part lies while it is sent. */
export class SendRoom {
  #room = Buffer.alloc(0)

  /** The part in one piece, which holds until the next one is loaded. What it has spilled is read from the file. */
  load(part: HeldPart, file?: SpoolFile): Effect.Effect<Buffer, StoreError> {
    return Effect.gen({ self: this }, function* () {
      // Not zeroed: what is never filled then costs no memory.
      if (this.#room.length !== part.capacity) this.#room = Buffer.allocUnsafeSlow(part.capacity)
      const room = this.#room
      part.copyTo(room)
      for (let at = 0; file !== undefined && at < part.spilledBytes; )
        at += yield* file.read(room.subarray(at, part.spilledBytes), at)
      return room.subarray(0, part.length)
    })
  }
}

export interface PartMemory {
  readonly part: (capacity: number) => HeldPart
  /** Waits until one is free, and has it until the scope closes. */
  readonly room: Effect.Effect<SendRoom, never, Scope.Scope>
  /** A file for what the parts of one object spill. It goes with the scope. */
  readonly spillFile: Effect.Effect<SpoolFile, StoreError, Scope.Scope>
}

export const makePartMemory = Effect.fnUntraced(function* (spool: Spool["Service"]) {
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
    spillFile: spool.open,
  } satisfies PartMemory
})
