/**
 * Reads how far a dataset is written: the key and last row of its newest object. With this a restart continues a batch whose
 * watermark was not written, and the program needs no state of its own.
 */
import { Effect, Option, Stream } from "effect"
import { type Area, datasetPrefix, justBefore, parseKey, type Stamp } from "../core/lake/ObjectKey.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { ObjectStore, type StoredObject } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"

export interface NewestObject {
  readonly object: StoredObject
  readonly stamp: Stamp
}

/**
 * Returns the newest object of a dataset. Lists from the key `known` on, so that a start does not list a whole lake of a
 * million objects.
 */
export const newestObject = Effect.fn("NewestObject.newestObject")(function* (
  area: Area,
  layout: LakeFolders,
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

/** Returns the position of the last row of an object of `inc`; none if it has no row. Fails with `BrokenObject`. */
export const lastRowPosition = Effect.fn("NewestObject.lastRowPosition")(function* (object: StoredObject) {
  const { lastRow } = yield* RowFormat
  return yield* lastRow(yield* ObjectStore, object)
})
