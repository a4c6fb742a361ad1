/** The end of each dataset in the lake, after which a writer appends. */
import { Effect, Option } from "effect"
import { parseKey } from "../../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import type { DatasetTail } from "../rows/DatasetObjects.ts"
import { noSchema } from "../rows/SchemaHistory.ts"
import type { TablePlan } from "../tables/TablePlan.ts"
import type { Checkpoint } from "./Checkpoint.ts"
import { type LakeEnd, lakeEnd } from "./StartChecks.ts"

/** Reads the end of a dataset in the lake. `before` is its end at the start. */
export const tailOf = Effect.fnUntraced(function* (
  source: SourceTable,
  layout: LakeFolders,
  watermark: Watermark,
  before: Option.Option<LakeEnd>,
) {
  const end = yield* lakeEnd(layout, source.dataset, Option.some(watermark), before)
  const newestKey = Option.map(end, ({ object }) => object.object.key)
  const recorded = Option.flatMap(Option.fromNullishOr(watermark.objects.get(source.dataset)), parseKey)
  const newest = Option.map(end, ({ object }) => object.stamp)
  const tail: DatasetTail = {
    source,
    newestKey,
    newest: Option.orElse(newest, () => Option.map(recorded, ({ stamp }) => stamp)),
    written: Option.filter(
      Option.flatMap(end, ({ row }) => row),
      ({ lsn }) => lsn > watermark.position,
    ),
    schema: { ...noSchema, key: Option.fromUndefinedOr(watermark.schemas.get(source.dataset)) },
  }
  return tail
})

/** Adds the ends of datasets that the change of tables adds. Reads the lake only if there are any. */
export const withTails = Effect.fnUntraced(function* (
  checkpoint: Checkpoint,
  change: Option.Option<TablePlan>,
) {
  const known = new Set(checkpoint.datasets.map(({ source }) => source.dataset))
  const coming = Option.match(change, {
    onNone: () => [],
    onSome: ({ after }) => after.filter(({ dataset }) => !known.has(dataset)),
  })
  if (coming.length === 0) return checkpoint
  const { layout, watermark } = checkpoint
  const tails = yield* forEachDataset(coming, ({ dataset, table }) =>
    tailOf({ dataset, table }, layout, watermark, Option.none()),
  )
  return { ...checkpoint, datasets: [...checkpoint.datasets, ...tails] }
})
