/** Reads the manifest of a dataset's newest complete `full`: one listing and one small read. */
import { Effect, Option, Stream } from "effect"
import * as Manifest from "../core/lake/Manifest.ts"
import { datasetPrefix } from "../core/lake/ObjectKey.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"

const manifestName = /\/_full_(.+)_\d{8}_\d{6}(?:_\d{4})?\.json$/

/** Returns none if there is no manifest, or it cannot be parsed (which `verify` reports). */
export const newestManifest = Effect.fn("NewestManifest.newestManifest")(function* (
  layout: LakeFolders,
  dataset: string,
) {
  const store = yield* ObjectStore
  const newest = yield* store.list(datasetPrefix("full", layout, dataset)).pipe(
    Stream.filter(({ key }) => manifestName.exec(key)?.[1] === dataset),
    Stream.runLast,
  )
  if (Option.isNone(newest)) return Option.none<Manifest.Manifest>()
  const bytes = yield* Stream.runCollect(store.read(newest.value.key))
  return Option.getSuccess(Manifest.parse(Buffer.concat(bytes).toString("utf8")))
})
