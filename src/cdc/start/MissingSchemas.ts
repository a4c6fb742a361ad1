/** Writes the schema of a newest object that lacks one: a crash came between the two, or an older version wrote the object. */
import { Effect, Option } from "effect"
import { maskOf } from "../../columns/DatasetMask.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { ObjectStore, type Publish } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"
import type { DatasetTail, FollowedTail } from "../rows/DatasetObjects.ts"
import { keepSchema, schemaKeys } from "../rows/SchemaHistory.ts"
import { type Checkpoint, followedTails } from "./Checkpoint.ts"
import { firstRowLsn } from "./FirstRow.ts"

const withSchema = Effect.fnUntraced(function* (
  { source, leaves, projection, schema, definition, newestKey }: FollowedTail,
  { objects, schemas, masks }: Watermark,
  layout: LakeFolders,
  how: Publish,
) {
  const { dataset } = source
  const isRecorded = schemas.has(dataset) && objects.get(dataset) === Option.getOrUndefined(newestKey)
  // Columns of an object under another mask are not known any more: the next object gets a schema.
  if (Option.isNone(newestKey) || isRecorded || masks.get(dataset) !== maskOf(projection)) return schema
  const { columns } = yield* RowFormat
  const lsn = yield* firstRowLsn(newestKey.value)
  if (Option.isNone(lsn)) return schema
  const object = {
    key: newestKey.value,
    columns: yield* columns(yield* ObjectStore, newestKey.value, leaves !== undefined),
    lsn: lsn.value,
    isWhole: false,
    isPartitioned: leaves !== undefined,
    xids: undefined,
  }
  return yield* keepSchema(source, projection, layout, schema, definition, object, how)
})

/** Returns the checkpoint with the schemas of all newest objects. `recorded` is the watermark that was taken over. */
export const withMissingSchemas = Effect.fn("MissingSchemas.withMissingSchemas")(function* (
  checkpoint: Checkpoint,
  recorded: Watermark,
  how: Publish,
) {
  const found = yield* forEachDataset(followedTails(checkpoint), (tail) =>
    Effect.map(
      withSchema(tail, recorded, checkpoint.layout, how),
      (schema) => [tail.source.dataset, schema] as const,
    ),
  )
  const schemas = new Map(found)
  const datasets = checkpoint.datasets.map(
    (tail): DatasetTail => ({ ...tail, schema: schemas.get(tail.source.dataset) ?? tail.schema }),
  )
  const { watermark } = checkpoint
  const next: Checkpoint = {
    ...checkpoint,
    datasets,
    watermark: { ...watermark, schemas: new Map([...watermark.schemas, ...schemaKeys(schemas)]) },
  }
  return next
})
