/** Describes a `full` and its snapshot. It is written after its objects, and proves that they are complete. */
import { Result, Schema } from "effect"

/** One of the objects of a copy. */
export const CopiedObject = Schema.Struct({
  /** Its key, relative to the lake. */
  object: Schema.String,
  /** Without the header. */
  rows: Schema.Int,
  bytes: Schema.Int,
  /** Of its bytes, hexadecimal. */
  md5: Schema.String,
  /** The leaf of a partitioned table that the rows are of, as printed in SQL. */
  partition: Schema.optionalKey(Schema.String),
})
export type CopiedObject = typeof CopiedObject.Type

/** What the file says about the copy as a whole. */
const copyFields = {
  /** `"db_loja"."cliente"`, quoted as in SQL. */
  table: Schema.String,
  dataset: Schema.String,
  columns: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.String,
      nullable: Schema.Boolean,
      /** Absent in manifests of older versions. */
      attnum: Schema.optionalKey(Schema.Int),
      /** What rows older than the column hold, where PostgreSQL keeps a text for them. */
      missing: Schema.optionalKey(Schema.String),
    }),
  ),
  /** Columns of the table that are not in the object. Both lists are absent if the table has no such columns. */
  excluded: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Columns whose values are hashes. */
  hashed: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The mask of these lists and of the key: a SHA-256, absent without them. */
  mask: Schema.optionalKey(Schema.String),
  primary_key: Schema.Array(Schema.String),
  /** Of all objects. */
  rows: Schema.Int,
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
}

/** `object`, `bytes` and `md5` are those of the only object. Older versions wrote no `objects`. */
const ManifestFile = Schema.Struct({
  ...copyFields,
  object: Schema.optionalKey(Schema.String),
  bytes: Schema.optionalKey(Schema.Int),
  md5: Schema.optionalKey(Schema.String),
  objects: Schema.optionalKey(Schema.NonEmptyArray(CopiedObject)),
})
type ManifestFile = typeof ManifestFile.Type

type CopyFacts = Omit<ManifestFile, "object" | "bytes" | "md5" | "objects">

export interface Manifest extends CopyFacts {
  /** Key of the first object. The manifest is named after it. */
  readonly object: string
  /** All of them, in the order of their names. */
  readonly objects: readonly [CopiedObject, ...ReadonlyArray<CopiedObject>]
  /** Of all objects. */
  readonly bytes: number
}

/** Returns the manifest of these objects. */
export const manifestOf = (facts: Omit<CopyFacts, "rows">, objects: Manifest["objects"]): Manifest => ({
  ...facts,
  object: objects[0].object,
  objects,
  rows: objects.reduce((sum, { rows }) => sum + rows, 0),
  bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
})

/** True if the copy is of this server and database. */
export const isCopyOf = (
  { system_identifier, database }: Manifest,
  source: { readonly systemIdentifier: string; readonly database: string },
): boolean => system_identifier === source.systemIdentifier && database === source.database

/** Prints indented JSON, because people open it. */
export const print = ({ table, dataset, object, objects, bytes, ...facts }: Manifest): string => {
  const { columns, excluded, hashed, primary_key, rows, ...others } = facts
  const masks = { ...(excluded && { excluded }), ...(hashed && { hashed }) }
  const file: ManifestFile = {
    table,
    dataset,
    ...(objects.length === 1 && { object }),
    objects,
    columns,
    ...masks,
    primary_key,
    rows,
    ...(objects.length === 1 && { bytes, md5: objects[0].md5 }),
    ...others,
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(ManifestFile))

/** Returns true if what a manifest says of all objects agrees with what it says of each: `print` says it so. */
const agrees = ({ object, bytes, md5, rows }: Partial<ManifestFile>, manifest: Manifest): boolean => {
  if (rows !== manifest.rows) return false
  const [first, ...others] = manifest.objects
  return others.length > 0
    ? object === undefined && bytes === undefined && md5 === undefined
    : object === first.object && bytes === first.bytes && md5 === first.md5
}

/** Reads the output of `print`, and manifests of older versions. Fails with what is wrong. */
export const parse = (text: unknown): Result.Result<Manifest, unknown> =>
  Result.flatMap(decode(text), (file) => {
    const { object, bytes, md5, objects, ...facts } = file
    if (objects !== undefined) {
      const manifest = manifestOf(facts, objects)
      return agrees(file, manifest)
        ? Result.succeed(manifest)
        : Result.fail("its object, rows, bytes or md5 do not agree with its objects")
    }
    return object === undefined || bytes === undefined || md5 === undefined
      ? Result.fail("it names no object")
      : Result.succeed(manifestOf(facts, [{ object, rows: facts.rows, bytes, md5 }]))
  })
