/** Reads which columns of a table the lake has. */
import { Effect, Option } from "effect"
import { fromBytes } from "../core/bytes/Bytes.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"
import { newestManifest } from "./NewestManifest.ts"

/**
 * Returns the names of the columns that the newest manifest or the newest object of `inc` has; none if the lake has neither.
 * `newestInc` is the key of that object.
 */
export const lakeColumns = Effect.fn("LakeColumns.lakeColumns")(function* (
  layout: LakeFolders,
  dataset: string,
  newestInc: Option.Option<string>,
) {
  const { columns } = yield* RowFormat
  const store = yield* ObjectStore
  const manifest = yield* newestManifest(layout, dataset)
  // Else `_partition` would count as a column of the table, which hurts only a table that gets one.
  const isPartitioned = Option.exists(manifest, ({ objects }) =>
    objects.some(({ partition }) => partition !== undefined),
  )
  const header = Option.isSome(newestInc)
    ? Option.some(yield* columns(store, newestInc.value, isPartitioned))
    : Option.none()
  const names = [
    ...Option.toArray(Option.map(manifest, (copy) => copy.columns.map(({ name }) => name))),
    ...Option.toArray(Option.map(header, (found) => found.map(fromBytes))),
  ]
  return names.length === 0 ? Option.none<ReadonlySet<string>>() : Option.some(new Set(names.flat()))
})
