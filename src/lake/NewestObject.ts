/**
 * Asks the lake itself how far a dataset has come: its newest object's name and last row. This is what finishes a batch
 * whose watermark was not written, and why the program needs no state of its own.
 */
import { Effect, Option, Stream } from "effect"
import { lastRowStart, type RowMark, rowPosition } from "../core/csv/LastRow.ts"
import {
  type Area,
  datasetPrefix,
  isCompressed,
  justBefore,
  parseKey,
  type Stamp,
} from "../core/lake/ObjectKey.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import { Compression } from "../services/lake/Compression.ts"
import { ObjectStore, type StoredObject } from "../services/lake/ObjectStore.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import { Refusal } from "../services/Refusal.ts"

export interface NewestObject {
  readonly object: StoredObject
  readonly stamp: Stamp
}

/**
 * The newest object of a dataset; `known` is one that is known already, so that a lake of a million objects is not
 * listed whole at every start. It is the newest where none was written since.
 */
export const newestObject = Effect.fn("NewestObject.newestObject")(function* (
  area: Area,
  layout: Layout,
  dataset: string,
  known: Option.Option<string>,
) {
  const store = yield* ObjectStore
  const before = Option.map(known, justBefore)
  return yield* store.list(datasetPrefix(area, layout, dataset), Option.getOrUndefined(before)).pipe(
    Stream.runFold(
      () => Option.none<NewestObject>(),
      (newest, object) =>
        Option.match(parseKey(object.key), {
          onNone: () => newest,
          onSome: ({ stamp }) => Option.some({ object, stamp }),
        }),
    ),
  )
})

/** Most rows are shorter: one read finds them. */
const firstReadBytes = 64 * 1024

/** The end of an object's CSV, and whether that is all of it. */
interface Tail {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

/** Of a compressed object the end cannot be read alone: all of it passes by, and the end is kept. */
const tailOf = Effect.fnUntraced(function* ({ key, bytes }: StoredObject, length: number) {
  const store = yield* ObjectStore
  if (!isCompressed(key)) {
    const read = Math.min(length, bytes)
    return { bytes: yield* store.readRange(key, bytes - read, read), isWhole: read === bytes }
  }
  const { plain } = yield* Compression
  return yield* Stream.runFold(
    plain(key, store.read(key)),
    (): Tail => ({ bytes: new Uint8Array(), isWhole: true }),
    (tail, piece) => {
      const together = Buffer.concat([tail.bytes, piece])
      return { bytes: together.subarray(-length), isWhole: tail.isWhole && together.length <= length }
    },
  )
})

/** Where the last row of an object of `inc` stands; none where it holds the header alone. */
export const lastRowPosition = Effect.fn("NewestObject.lastRowPosition")(function* (object: StoredObject) {
  const look = (
    length: number,
  ): Effect.Effect<Option.Option<RowMark>, StoreError | Refusal, ObjectStore | Compression> =>
    Effect.flatMap(tailOf(object, length), ({ bytes, isWhole }) =>
      Option.match(lastRowStart(bytes, isWhole), {
        onNone: () => look(length * 4),
        onSome: (start) => {
          const row = Buffer.from(bytes.subarray(start, start + 200)).toString("latin1")
          return Effect.mapError(Effect.fromResult(rowPosition(row)), (why) => brokenObject(object.key, why))
        },
      }),
    )
  return object.bytes === 0 ? yield* brokenObject(object.key, "it is empty") : yield* look(firstReadBytes)
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
