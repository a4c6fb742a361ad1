/** Reads the schema history of a dataset from the lake. */
import { Effect, Option, Stream } from "effect"
import { parseSchemaKey, type Stamp } from "../core/lake/ObjectKey.ts"
import * as TableSchema from "../core/lake/TableSchema.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { StoreError } from "../services/lake/StoreError.ts"

/** Returns none without a key, if there is no such object, or if it cannot be parsed. */
export const readSchema = Effect.fn("SchemaFiles.readSchema")(function* (key: Option.Option<string>) {
  if (Option.isNone(key)) return Option.none<TableSchema.TableSchema>()
  const store = yield* ObjectStore
  const bytes = yield* Stream.runCollect(store.read(key.value)).pipe(
    Effect.catchIf(
      ({ reason }: StoreError) => reason === "NotFound",
      () => Effect.succeed([]),
    ),
  )
  return Option.getSuccess(TableSchema.parse(Buffer.concat(bytes).toString("utf8")))
})

/** A schema, and the name of the object that it begins with. */
export interface DatasetSchema {
  readonly stamp: Stamp
  readonly schema: TableSchema.TableSchema
}

/** Requests in flight: each schema takes one. */
const schemasAtOnce = 8

/** Reads the schemas with these keys, in order. Leaves out those that cannot be read: `verify` then compares by name. */
export const readSchemas = Effect.fn("SchemaFiles.readSchemas")(function* (keys: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(
    keys,
    (key) => Effect.map(retrying(limitedRetry, readSchema(Option.some(key))), (schema) => ({ key, schema })),
    { concurrency: schemasAtOnce },
  )
  return found.flatMap(
    ({ key, schema }): ReadonlyArray<DatasetSchema> =>
      Option.toArray(Option.all({ stamp: Option.map(parseSchemaKey(key), ({ stamp }) => stamp), schema })),
  )
})
