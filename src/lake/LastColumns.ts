/** Reads the last known columns of a dropped table from the lake. */
import { Effect, Option } from "effect"
import { toBytes } from "../core/bytes/Bytes.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import type { Columns } from "../core/row/IncRow.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { RowFormat } from "../services/lake/RowFormat.ts"
import { newestManifest } from "./NewestManifest.ts"

/** Returns byte strings in table order, from the newest object of `inc`, else the newest manifest; empty without either. */
export const lastColumns = Effect.fn("LastColumns.lastColumns")(function* (
  layout: LakeFolders,
  dataset: string,
  newestInc: Option.Option<string>,
  isPartitioned: boolean,
) {
  if (Option.isSome(newestInc)) {
    const { columns } = yield* RowFormat
    return yield* columns(yield* ObjectStore, newestInc.value, isPartitioned)
  }
  const manifest = yield* newestManifest(layout, dataset)
  return Option.match(manifest, {
    onNone: (): Columns => [],
    onSome: ({ columns }) => columns.map(({ name }) => toBytes(name)),
  })
})
