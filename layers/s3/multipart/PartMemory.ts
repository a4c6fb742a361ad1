/**
 * The memory of all objects on their way to one bucket. Unsent bytes of an object are in slabs, as many as it needs. A part
 * must be contiguous to be sent: it is copied into a send buffer, of which there are two for all objects. So a large object
 * has two parts in flight and fills the next one, and many small ones take little more memory than their bytes. S3 accepts
 * no part below 5 MiB but the last: if many objects hold too much together, they spill to temporary files. A part that fits
 * into one slab is contiguous and is sent from there, so that any number of small objects may be in flight at once.
 *
 * Waiting for a send buffer cannot deadlock: it waits for an upload in flight, which waits only for the store.
 */
import { Effect, type Scope, Semaphore } from "effect"
import type { StoreError } from "../../../src/services/lake/StoreError.ts"
import type { Spool, SpoolFile } from "../../../src/services/Spool.ts"
import { BufferPool } from "../../store/BufferPool.ts"

/** In bytes. The last slab of each object is partly empty. */
const slabBytes = 256 * 1024

/** As many as the parts of four objects need, 5 MiB each: the next part reuses the slabs of the last one. */
const spareSlabsMax = 80

const sendBufferCount = 2

/** The slabs of all parts. */
export const slabPool = () => new BufferPool(slabBytes, spareSlabsMax)

/** A part that is being filled, of at most `capacity` bytes. */
export class HeldPart {
  readonly capacity: number
  readonly #slabs: BufferPool
  #held: Array<Buffer> = []
  #length = 0
  /** The number of its bytes in a temporary file: they are the first ones. */
  #spilled = 0

  constructor(slabs: BufferPool, capacity: number) {
    this.#slabs = slabs
    this.capacity = capacity
  }
  get length(): number {
    return this.#length
  }
  /** Copies as many bytes as fit. Returns their number. */
  fill(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.capacity - this.#length)
    this.#slabs.held.add(taken, this.#inMemory)
    for (let done = 0; done < taken; ) {
      const at = this.#inMemory % slabBytes
      if (at === 0) this.#held.push(this.#slabs.take())
      const chunk = bytes.subarray(done, Math.min(taken, done + slabBytes - at))
      this.#held.at(-1)?.set(chunk, at)
      this.#length += chunk.length
      done += chunk.length
    }
    return taken
  }
  get #inMemory(): number {
    return this.#length - this.#spilled
  }
  /** True if it should spill: many parts hold too much together. */
  get isOver(): boolean {
    return this.#slabs.held.isOver(this.#inMemory)
  }
  get spilledBytes(): number {
    return this.#spilled
  }
  /** Moves its bytes in memory to the end of the file, which has the bytes before them. */
  spill(file: SpoolFile): Effect.Effect<void, StoreError> {
    return Effect.forEach(this.#chunks(), (chunk) => file.append(chunk), { discard: true }).pipe(
      Effect.andThen(
        Effect.sync(() => {
          this.#release()
          this.#spilled = this.#length
        }),
      ),
    )
  }
  /** Its bytes, valid until it is filled or cleared; undefined if they are not contiguous. */
  get contiguous(): Buffer | undefined {
    return this.#spilled > 0 || this.#length > slabBytes
      ? undefined
      : (this.#held[0] ?? Buffer.alloc(0)).subarray(0, this.#length)
  }
  /** Copies its bytes in memory to their offsets, after those that are spilled. */
  copyTo(target: Buffer): void {
    this.#chunks().forEach((chunk, i) => void chunk.copy(target, this.#spilled + i * slabBytes))
  }
  /** Releases its memory. */
  clear(): void {
    this.#release()
    this.#spilled = 0
    this.#length = 0
  }
  #chunks(): ReadonlyArray<Buffer> {
    return this.#held.map((slab, i) => slab.subarray(0, Math.min(slabBytes, this.#inMemory - i * slabBytes)))
  }
  #release(): void {
    this.#slabs.held.release(this.#inMemory)
    for (const slab of this.#held) this.#slabs.release(slab)
    this.#held = []
  }
}

/** Holds a part while it is sent. */
export class SendBuffer {
  #buffer = Buffer.alloc(0)

  /** Returns the part's bytes, valid until the next part is loaded. Reads its spilled bytes from the file. */
  load(part: HeldPart, file?: SpoolFile): Effect.Effect<Buffer, StoreError> {
    return Effect.gen({ self: this }, function* () {
      // Not zeroed, so that unused pages cost no memory.
      if (this.#buffer.length !== part.capacity) this.#buffer = Buffer.allocUnsafeSlow(part.capacity)
      const buffer = this.#buffer
      part.copyTo(buffer)
      for (let at = 0; file !== undefined && at < part.spilledBytes; )
        at += yield* file.read(buffer.subarray(at, part.spilledBytes), at)
      return buffer.subarray(0, part.length)
    })
  }
}

export interface PartMemory {
  readonly part: (capacity: number) => HeldPart
  /** Waits until one is free, and holds it until the scope closes. */
  readonly sendBuffer: Effect.Effect<SendBuffer, never, Scope.Scope>
  /** Opens a file for the spilled bytes of one object's parts. It is removed when the scope closes. */
  readonly spillFile: Effect.Effect<SpoolFile, StoreError, Scope.Scope>
}

export const makePartMemory = Effect.fnUntraced(function* (spool: Spool["Service"]) {
  const slabs = slabPool()
  const permits = yield* Semaphore.make(sendBufferCount)
  const free: Array<SendBuffer> = []
  const taken = Effect.acquireRelease(
    Effect.sync(() => free.pop() ?? new SendBuffer()),
    (buffer) => Effect.sync(() => free.push(buffer)),
  )
  return {
    part: (capacity) => new HeldPart(slabs, capacity),
    sendBuffer: Effect.andThen(Semaphore.takeScoped(permits, 1), taken),
    spillFile: spool.open,
  } satisfies PartMemory
})
