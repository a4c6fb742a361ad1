/** A database, a bucket of its own, and what `inc` of it holds, read past the program. */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import type { MinioOptions } from "../../layers/s3/MinioBucket.ts"
import { parseRecords } from "../support/csv/csvText.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import type { Environment } from "../support/program/program.ts"
import { bucketEnvironment, plainClient } from "../support/s3/s3Endpoint.ts"

const columns = "(id integer PRIMARY KEY, v text)"

/** `tables`: their names in `public`, each with the columns `id` and `v`. */
export const openShop = Effect.fn("openShop")(function* (
  bucket: MinioOptions,
  tables: ReadonlyArray<string> = ["t"],
) {
  const setup = tables.map((table) => `CREATE TABLE public.${table} ${columns}`).join("; ")
  const database = yield* (yield* TestPostgres).database(setup)
  const slot = `slot_${randomUUID().replaceAll("-", "")}`
  const createSlot = (name: string) =>
    database.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [name])
  yield* createSlot(slot)
  const environment = (endpoint: string): Environment => ({
    DATABASE_URL: `${database.url}?sslmode=disable`,
    SOURCE_TABLES: tables.map((table) => `public.${table}`).join(),
    REPLICATION_SLOT: slot,
    POLL_INTERVAL: "50ms",
    ...bucketEnvironment(bucket),
    MINIO_ENDPOINT: endpoint,
  })
  return { database, slot, createSlot, environment }
})

/** `id` of every row of `inc`, or of one dataset's part of it, object by object. */
export const idsInLake = (bucket: MinioOptions, dataset?: string) =>
  Effect.promise(async () => {
    const client = plainClient(bucket)
    const ids: Array<number> = []
    const prefix = dataset === undefined ? "inc/" : `inc/${dataset}/`
    for await (const { name } of client.listObjectsV2(bucket.bucket, prefix, true)) {
      if (!name.endsWith(".csv")) continue
      const pieces: Array<Uint8Array> = []
      for await (const piece of await client.getObject(bucket.bucket, name)) pieces.push(piece)
      const records = parseRecords(Buffer.concat(pieces).toString("utf8"))
      ids.push(...records.map((record) => Number(record.get("id"))))
    }
    return ids
  })
