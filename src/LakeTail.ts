/**
 * Asks the lake itself how far a dataset has come: its newest object's name and last row. This is what finishes a batch
 * whose watermark was not written, and why the program needs no state of its own.
 */
import { Effect, Option, Stream } from "effect"
import { lastRowStart, type RowPosition, rowPosition } from "./core/LastRow.ts"
import { type Area, datasetPrefix, parseKey, type Stamp } from "./core/ObjectKey.ts"
import type { Layout } from "./core/Watermark.ts"
import { ObjectStore, type StoredObject } from "./services/ObjectStore.ts"
import { Refusal } from "./services/Refusal.ts"

export interface NewestObject {
  readonly object: StoredObject
  readonly stamp: Stamp
}

/**
 * The newest object of a dataset; `known` is one that is known already, so that a lake of a million objects is not
 * listed whole at every start. It is the newest where none was written since.
 */
export const newestObject = Effect.fn("LakeTail.newestObject")(function* (
  area: Area,
  layout: Layout,
  dataset: string,
  known: Option.Option<string>,
) {
  const store = yield* ObjectStore
  // Without its ending a key stands just before itself.
  const before = Option.map(known, (key) => key.replace(/\.csv$/, ""))
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

/** Where the last row of an object of `inc` stands; none where it holds the header alone. */
export const lastPosition = Effect.fn("LakeTail.lastPosition")(function* (object: StoredObject) {
  const store = yield* ObjectStore
  const look = (
    length: number,
  ): Effect.Effect<Option.Option<RowPosition>, Effect.Error<ReturnType<typeof store.readRange>> | Refusal> =>
    Effect.flatMap(store.readRange(object.key, object.bytes - length, length), (tail) =>
      Option.match(lastRowStart(tail, length === object.bytes), {
        onNone: () => look(Math.min(length * 4, object.bytes)),
        onSome: (start) => {
          const row = Buffer.from(
            tail.buffer,
            tail.byteOffset + start,
            Math.min(200, tail.length - start),
          ).toString("latin1")
          return Effect.mapError(Effect.fromResult(rowPosition(row)), (why) => brokenObject(object.key, why))
        },
      }),
    )
  return object.bytes === 0
    ? yield* brokenObject(object.key, "it is empty")
    : yield* look(Math.min(firstReadBytes, object.bytes))
})

const brokenObject = (key: string, why: string) =>
  new Refusal({
    reason: "BrokenObject",
    found: `The newest object ${key} is not one of ours: ${why}`,
    stake: "Without its last row it is not known which changes the lake holds already",
    mend:
      "If another program put it there, move it out of the lake. If it is ours and was damaged, restore it from a copy: " +
      "without it its rows would be written only as far as the slot still holds them",
  })
