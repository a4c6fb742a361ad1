/** Reads the schema history of a dataset from the lake. */
import { Effect, Option, Stream } from "effect"
import * as TableSchema from "../core/lake/TableSchema.ts"
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
