/** The last columns that the lake knows of a table which the catalog does not know any more. */
import { Effect, Option, Stream } from "effect"
import { toBytes } from "../core/bytes/Bytes.ts"
import { type CsvRecord, csvRecords, fieldText } from "../core/csv/CsvRecords.ts"
import { isCompressed } from "../core/lake/ObjectKey.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import { metaColumns, type Shape } from "../core/row/IncRow.ts"
import { Compression } from "../services/lake/Compression.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import { newestManifest } from "./NewestManifest.ts"

/** A column of the table that bears the name of one of ours has `_` appended in the header. */
const asTheTable = (name: string): string =>
  metaColumns.some((ours) => name.startsWith(`${ours}_`) && /^_+$/.test(name.slice(ours.length)))
    ? name.replace(/_+$/, "")
    : name

const columnsOf = (header: CsvRecord): Shape =>
  Array.from({ length: header.fields - metaColumns.length }, (_, i) =>
    asTheTable(fieldText(header, metaColumns.length + i) ?? ""),
  )

/** The columns in the header of an object of `inc`. */
const headerColumns = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const { plain } = yield* Compression
  let columns: Shape | undefined
  const reader = csvRecords((record) => {
    columns ??= columnsOf(record)
  })
  yield* (isCompressed(key) ? plain(key, store.read(key)) : store.read(key)).pipe(
    Stream.takeUntil((chunk) => {
      reader.push(chunk)
      return columns !== undefined
    }),
    Stream.runDrain,
  )
  return columns ?? []
})

/** Byte strings, in table order: of the newest object of `inc`, else of the newest manifest. Empty where neither is there. */
export const lastColumns = Effect.fn("LastColumns.lastColumns")(function* (
  layout: Layout,
  dataset: string,
  newestInc: Option.Option<string>,
) {
  if (Option.isSome(newestInc)) return yield* headerColumns(newestInc.value)
  const manifest = yield* newestManifest(layout, dataset)
  return Option.match(manifest, {
    onNone: (): Shape => [],
    onSome: ({ columns }) => columns.map(({ name }) => toBytes(name)),
  })
})
