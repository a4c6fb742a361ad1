/** Reads the position of the last row of an object of `inc`. */
import { Effect, type Option, Stream } from "effect"
import { backwardSearch, ForwardSearch, rowPosition } from "../../src/core/csv/LastRow.ts"
import type { RowMark } from "../../src/core/row/RowPosition.ts"
import type { StoredObject } from "../../src/services/lake/ObjectStore.ts"
import type { ObjectReader } from "../../src/services/lake/RowFormat.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { Refusal } from "../../src/services/Refusal.ts"
import { type Codec, isCompressed } from "./Gzip.ts"

/** In bytes. Most rows are shorter, so that one read is enough. */
const firstWindowBytes = 64 * 1024

/** In bytes. The windows of a longer row grow up to here: its length is no bound for memory. */
const windowBytesMax = 4 * 1024 * 1024

const fromEnd = (reader: ObjectReader, { key, bytes }: StoredObject) => {
  const search = backwardSearch()
  const before = (end: number, size: number): Effect.Effect<Uint8Array, StoreError> => {
    const start = Math.max(0, end - size)
    return Effect.flatMap(reader.readRange(key, start, end - start), (window) => {
      const found = search(window, start === 0)
      return found === undefined ? before(start, Math.min(size * 4, windowBytesMax)) : Effect.succeed(found)
    })
  }
  return before(bytes, firstWindowBytes)
}

const fromBeginning = (csv: Stream.Stream<Uint8Array, StoreError>) =>
  Effect.suspend(() => {
    const search = new ForwardSearch()
    return Effect.map(
      Stream.runForEach(csv, (chunk) => Effect.sync(() => search.push(chunk))),
      () => search.beginning,
    )
  })

/** Returns none if the object has only its header. Fails with `BrokenObject`. A compressed object must be read whole. */
export const lastRow = Effect.fnUntraced(function* (
  codec: Codec,
  reader: ObjectReader,
  object: StoredObject,
): Effect.fn.Return<Option.Option<RowMark>, StoreError | Refusal> {
  const { key, bytes } = object
  if (bytes === 0) return yield* brokenObject(key, "it is empty")
  const row = yield* isCompressed(key)
    ? fromBeginning(codec.plain(key, reader.read(key)))
    : fromEnd(reader, object)
  return yield* Effect.mapError(Effect.fromResult(rowPosition(Buffer.from(row).toString("latin1"))), (why) =>
    brokenObject(key, why),
  )
})

const brokenObject = (key: string, why: string) =>
  new Refusal({
    reason: "BrokenObject",
    problem: `The newest object ${key} is not one of ours: ${why}`,
    risk: "Without its last row it is not known which changes the lake holds already",
    remedy:
      "If another program put it there, move it out of the lake. If it is ours and was damaged, restore it from a copy: " +
      "without it its rows would be written only as far as the slot still holds them",
  })
