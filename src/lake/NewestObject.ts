/**
 * Asks the lake itself how far a dataset has come: its newest object's name and last row. This is what finishes a batch
 * whose watermark was not written, and why the program needs no state of its own.
 */
import { Effect, Option, Stream } from "effect"
import { type Area, datasetPrefix, justBefore, parseKey, type Stamp } from "../core/lake/ObjectKey.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import { ObjectStore, type StoredObject } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"

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

/** Where the last row of an object of `inc` stands; none where it holds no row. Fails with `BrokenObject`. */
export const lastRowPosition = Effect.fn("NewestObject.lastRowPosition")(function* (object: StoredObject) {
  const { lastRow } = yield* RowFormat
  return yield* lastRow(yield* ObjectStore, object)
})
