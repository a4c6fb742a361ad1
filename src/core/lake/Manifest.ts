/** What a `full` object holds and of which moment it is. Written after its object, so that it vouches for it. */
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
  primary_key: Schema.Array(Schema.String),
  /** Without the header. */
  rows: Schema.Int,
  bytes: Schema.Int,
  /** Of the object's bytes, hexadecimal. */
  md5: Schema.String,
  /** `xmin:xmax:xip`, 64-bit transaction ids: exactly which transactions the rows include. */
  snapshot: Schema.String,
  /** What the snapshot sees was committed at or before this position. */
  lsn: Schema.String,
  slot: Schema.String,
  database: Schema.String,
  system_identifier: Schema.String,
  /** ISO 8601, UTC. */
  started_at: Schema.String,
  finished_at: Schema.String,
})
export type Manifest = typeof Manifest.Type

/** Whether the copy is of this server and database. */
export const isCopyOf = (
  { system_identifier, database }: Manifest,
  source: { readonly systemIdentifier: string; readonly database: string },
): boolean => system_identifier === source.systemIdentifier && database === source.database

const ManifestJson = Schema.fromJsonString(Manifest)

/** Indented, because people open it. */
export const print = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`

export const parse = Schema.decodeUnknownResult(ManifestJson)
