/**
 * One table read by several sessions of one snapshot: each copies a range of the table's blocks, then the next range
 * that nobody has, until none is left. What comes out is one CSV, its rows in any order.
 *
 * Source: PostgreSQL manual, "Snapshot Synchronization Functions", and the plan "Tid Range Scan" (from 14 on; before
 * that each range would read the whole table).
 */
import { Effect, Queue, type Scope, Semaphore, Stream } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"

/** Of 8 kB each. A range of 2 MB: to ask for the next one costs little beside reading it, and one for each reader fits into memory. */
const blocksPerRange = 256

/** So much of a range waits in memory for its turn. What is more goes out at once, and the others wait. In bytes. */
const heldBytesMax = 4 * 1024 * 1024

/** Pieces between the readers and who takes them. */
const queuedMax = 8

export const rangesOf = (blocks: number): number => Math.max(1, Math.ceil(blocks / blocksPerRange))

/** As a condition of SQL. The last range has no end: a table may grow after it was measured. */
export const rangeCondition = (range: number, ranges: number): string => {
  const from = `ctid >= '(${range * blocksPerRange},0)'`
  return range === ranges - 1 ? from : `${from} AND ctid < '(${(range + 1) * blocksPerRange},0)'`
}

type Pieces = Stream.Stream<Uint8Array, SourceError>

/**
 * Runs all ranges through `readers`, each of which reads one at a time. A range is given on without a break, so that no
 * row of another stands inside one of its rows.
 */
export const inRanges = (
  readers: ReadonlyArray<(range: number) => Pieces>,
  ranges: number,
): Stream.Stream<Uint8Array, SourceError> =>
  Stream.callback<Uint8Array, SourceError>(
    Effect.fnUntraced(function* (queue) {
      const turn = yield* Semaphore.make(1)
      let next = 0
      const readAll = Effect.fnUntraced(function* (read: (range: number) => Pieces) {
        while (next < ranges) yield* Effect.scoped(giveOn(read(next++), turn, queue))
      })
      yield* Effect.forEach(readers, readAll, { concurrency: "unbounded", discard: true })
      yield* Queue.end(queue)
    }),
    { bufferSize: queuedMax, strategy: "suspend" },
  )

/** Holds what was read until the range ends, or is too large to be held; then it is this range's turn to its end. */
const giveOn = (
  pieces: Pieces,
  turn: Semaphore.Semaphore,
  queue: Queue.Enqueue<Uint8Array>,
): Effect.Effect<void, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const held: Array<Uint8Array> = []
    let heldBytes = 0
    let isTurn = false
    const takeTurn = Effect.gen(function* () {
      yield* Semaphore.takeScoped(turn, 1)
      isTurn = true
      yield* Queue.offerAll(queue, held)
    })
    yield* Stream.runForEachArray(pieces, (more) => {
      if (isTurn) return Queue.offerAll(queue, more)
      held.push(...more)
      for (const piece of more) heldBytes += piece.length
      return heldBytes > heldBytesMax ? takeTurn : Effect.void
    })
    if (!isTurn) yield* takeTurn
  })
