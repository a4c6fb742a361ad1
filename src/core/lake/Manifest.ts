/** Describes a `full` object and its snapshot. It is written after its object, and proves that the object is complete. */
import { Schema } from "effect"

export const Manifest = Schema.Struct({
  /** `"db_loja"."cliente"`, quoted as in SQL. */
  table: Schema.String,
  dataset: Schema.String,
  /** Key of the object, relative to the lake. */
  object: Schema.String,
  columns: Schema.Array(
    Schema.Struct({ name: Schema.String, type: Schema.String, nullable: Schema.Boolean }),
  ),
  /** Columns of the table that are not in the object. Both lists are absent if the table has no such columns. */
  excluded: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Columns whose values are hashes. */
  hashed: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The mask of these lists and of the key: a SHA-256, absent without them. */
  mask: Schema.optionalKey(Schema.String),
  primary_key: Schema.Array(Schema.String),
  /** Without the header. */
  rows: Schema.Int,
  bytes: Schema.Int,
  /** Of the object's bytes, hexadecimal. */
  md5: Schema.String,
  /** `xmin:xmax:xip`, 64-bit transaction ids: exactly the transactions that the rows include. */
  snapshot: Schema.String,
  /** Every transaction that the snapshot sees was committed at or before this LSN. */
  lsn: Schema.String,
  slot: Schema.String,
  database: Schema.String,
  system_identifier: Schema.String,
  /** ISO 8601, UTC. */
  started_at: Schema.String,
  finished_at: Schema.String,
})
export type Manifest = typeof Manifest.Type

/** True if the copy is of this server and database. */
export const isCopyOf = (
  { system_identifier, database }: Manifest,
  source: { readonly systemIdentifier: string; readonly database: string },
): boolean => system_identifier === source.systemIdentifier && database === source.database

const ManifestJson = Schema.fromJsonString(Manifest)

/** Prints indented JSON, because people open it. */
export const print = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`

export const parse = Schema.decodeUnknownResult(ManifestJson)
