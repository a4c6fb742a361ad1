/**
 * Reads one table by several sessions of one snapshot: each copies a range of the table's blocks, then the next free range,
 * until none is left. The rows come in any order.
 *
 * Source: PostgreSQL manual, "Snapshot Synchronization Functions", and the plan "Tid Range Scan" (from 14 on; before
 * that each range would read the whole table).
 */
import { Effect, Option, Queue, type Scope, Semaphore, Stream } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { CopiedRows, RowStream } from "../../../src/services/source/SourceTables.ts"

/** Blocks of 8 kB, so 2 MB: a query for the next range costs little compared with reading it, and one per reader fits in memory. */
const blocksPerRange = 256

/** Bytes of a range that are held in memory. A larger range takes the output, and the others wait. */
const heldBytesMax = 4 * 1024 * 1024

/** Chunks in the queue between the readers and the consumer. */
const queuedMax = 8

export const rangesOf = (blocks: number): number => Math.max(1, Math.ceil(blocks / blocksPerRange))

/** Returns an SQL condition. The last range has no end, because a table may grow after it was measured. */
export const rangeCondition = (range: number, ranges: number): string => {
  const from = `ctid >= '(${range * blocksPerRange},0)'`
  return range === ranges - 1 ? from : `${from} AND ctid < '(${(range + 1) * blocksPerRange},0)'`
}

/** Emits the next range that no other run of the stream has taken, until none is left. */
const freeRanges = (ranges: number): Stream.Stream<number> => {
  let next = 0
  return Stream.paginate(undefined, () =>
    Effect.sync(() =>
      next < ranges ? ([[next++], Option.some(undefined)] as const) : ([[], Option.none()] as const),
    ),
  )
}

type RangeReader = (range: number) => RowStream

/** Returns the rows of all ranges, as a stream of each reader. None waits for another. */
export const byReader = (readers: ReadonlyArray<RangeReader>, ranges: number): ReadonlyArray<RowStream> => {
  const free = freeRanges(ranges)
  return readers.map((read) => Stream.flatMap(free, read))
}

/** Returns the rows of all ranges as one stream. Those of a range are passed on together, so that no row is divided. */
export const asOne = (readers: ReadonlyArray<RangeReader>, ranges: number): RowStream =>
  Stream.callback<CopiedRows, SourceError>(
    Effect.fnUntraced(function* (queue) {
      const output = yield* Semaphore.make(1)
      const free = freeRanges(ranges)
      const readAll = (read: RangeReader) =>
        Stream.runForEach(free, (range) => Effect.scoped(passOn(read(range), output, queue)))
      yield* Effect.forEach(readers, readAll, { concurrency: "unbounded", discard: true })
      yield* Queue.end(queue)
    }),
    { bufferSize: queuedMax, strategy: "suspend" },
  )

/** Holds the bytes until the range ends, or has more than `heldBytesMax`; then it owns the output until its end. */
const passOn = (
  rows: RowStream,
  output: Semaphore.Semaphore,
  queue: Queue.Enqueue<CopiedRows>,
): Effect.Effect<void, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const held: Array<CopiedRows> = []
    let heldBytes = 0
    let hasOutput = false
    const takeOutput = Effect.gen(function* () {
      yield* Semaphore.takeScoped(output, 1)
      hasOutput = true
      yield* Queue.offerAll(queue, held)
    })
    yield* Stream.runForEachArray(rows, (more) => {
      if (hasOutput) return Queue.offerAll(queue, more)
      held.push(...more)
      for (const { bytes } of more) heldBytes += bytes.length
      return heldBytes > heldBytesMax ? takeOutput : Effect.void
    })
    if (!hasOutput) yield* takeOutput
  })
