/** Reads the position of the last row of an object of `inc` from the end of the object. */
import { Effect, Option, Stream } from "effect"
import { lastRowStart, rowPosition } from "../../src/core/csv/LastRow.ts"
import type { RowMark } from "../../src/core/row/RowPosition.ts"
import type { StoredObject } from "../../src/services/lake/ObjectStore.ts"
import type { ObjectReader } from "../../src/services/lake/RowFormat.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { Refusal } from "../../src/services/Refusal.ts"
import { type Codec, isCompressed } from "./Gzip.ts"

/** In bytes. Most rows are shorter, so that one read is enough. */
const firstReadBytes = 64 * 1024

/** The end of an object's CSV. */
interface Tail {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

/** Reads the end of an object. A compressed one must be read whole; only its end is kept in memory. */
const tailOf = (
  codec: Codec,
  reader: ObjectReader,
  { key, bytes }: StoredObject,
  length: number,
): Effect.Effect<Tail, StoreError> => {
  if (!isCompressed(key)) {
    const read = Math.min(length, bytes)
    return Effect.map(reader.readRange(key, bytes - read, read), (tail) => ({
      bytes: tail,
      isWhole: read === bytes,
    }))
  }
  return Stream.runFold(
    codec.plain(key, reader.read(key)),
    (): Tail => ({ bytes: new Uint8Array(), isWhole: true }),
    (tail, chunk) => {
      const together = Buffer.concat([tail.bytes, chunk])
      return { bytes: together.subarray(-length), isWhole: tail.isWhole && together.length <= length }
    },
  )
}

/** Returns none if the object has only its header. Fails with `BrokenObject`. */
export const lastRow = (codec: Codec, reader: ObjectReader, object: StoredObject) => {
  const search = (length: number): Effect.Effect<Option.Option<RowMark>, StoreError | Refusal> =>
    Effect.flatMap(tailOf(codec, reader, object, length), ({ bytes, isWhole }) =>
      Option.match(lastRowStart(bytes, isWhole), {
        onNone: () => search(length * 4),
        onSome: (start) => {
          const row = Buffer.from(bytes.subarray(start, start + 200)).toString("latin1")
          return Effect.mapError(Effect.fromResult(rowPosition(row)), (why) => brokenObject(object.key, why))
        },
      }),
    )
  return object.bytes === 0 ? Effect.fail(brokenObject(object.key, "it is empty")) : search(firstReadBytes)
}

const brokenObject = (key: string, why: string) =>
  new Refusal({
    reason: "BrokenObject",
    problem: `The newest object ${key} is not one of ours: ${why}`,
    risk: "Without its last row it is not known which changes the lake holds already",
    remedy:
      "If another program put it there, move it out of the lake. If it is ours and was damaged, restore it from a copy: " +
      "without it its rows would be written only as far as the slot still holds them",
  })
