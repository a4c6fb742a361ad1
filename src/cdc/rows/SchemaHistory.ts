/**
 * Writes the schema history of a dataset (`TableSchema.ts`): a schema beside each object whose columns are not those before.
 * Asks the catalog only if the columns or the catalog's rows of the table have changed.
 */
import { Effect, Option } from "effect"
import { maskOf } from "../../columns/DatasetMask.ts"
import { fromBytes } from "../../core/bytes/Bytes.ts"
import { isHashed, type Projection } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import { columnChanges, printChanges } from "../../core/lake/ColumnChanges.ts"
import { schemaKey } from "../../core/lake/ObjectKey.ts"
import { hasColumns, isSame, print, type TableSchema } from "../../core/lake/TableSchema.ts"
import type { LakeFolders } from "../../core/lake/Watermark.ts"
import type { Columns } from "../../core/row/IncRow.ts"
import { printTable, type SourceTable } from "../../core/source/SourceTable.ts"
import { newestManifest } from "../../lake/NewestManifest.ts"
import { readSchema } from "../../lake/SchemaFiles.ts"
import { publish } from "../../observe/PipelineEvents.ts"
import { ObjectStore, type Publish } from "../../services/lake/ObjectStore.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"
import { describeNow } from "../../tables/PresentTable.ts"
import { type ColumnsBefore, type ObjectHeader, schemaColumns } from "./SchemaColumns.ts"

/** The newest schema of a dataset in the lake, and what a writer remembers of it. */
export interface SchemaTail {
  /** None if the dataset has none. */
  readonly key: Option.Option<string>
  /** Its content. Undefined until the lake was read. */
  readonly content: TableSchema | undefined
  /** The catalog's rows (`FollowedTable.definition`) that it was last compared with. */
  readonly definition: string | undefined
}

/** Returns the lines of the watermark for datasets that have a schema. */
export const schemaKeys = (
  tails: Iterable<readonly [dataset: string, tail: SchemaTail]>,
): ReadonlyArray<readonly [string, string]> =>
  [...tails].flatMap(([dataset, { key }]) =>
    Option.toArray(Option.map(key, (one) => [dataset, one] as const)),
  )

export const noSchema: SchemaTail = { key: Option.none(), content: undefined, definition: undefined }

/** An object of `inc` that is visible. */
export interface VisibleObject extends Omit<ObjectHeader, "names"> {
  readonly key: string
  /** Byte strings. */
  readonly columns: Columns
  /** The commit of its first row. */
  readonly lsn: Lsn.Lsn
}

/** Returns the schema of an object, as far as `found` and the columns before it tell. */
export const schemaOf = (
  { dataset, table }: SourceTable,
  projection: Projection | undefined,
  { columns, lsn, ...rows }: Omit<VisibleObject, "key">,
  found: Option.Option<TableDescription>,
  before: ColumnsBefore,
): TableSchema => {
  const names = columns.map(fromBytes)
  const mask = maskOf(projection)
  const hashed = names.filter((name) => isHashed(projection, name))
  return {
    dataset,
    table: printTable(table),
    lsn: Lsn.printSortable(lsn),
    columns: schemaColumns({ names, ...rows }, projection, found, before),
    ...(hashed.length === 0 ? {} : { hashed }),
    ...(mask === undefined ? {} : { mask }),
    primary_key: Option.getOrNull(Option.map(found, ({ primaryKey }) => primaryKey)),
    replica_identity: Option.getOrNull(Option.map(found, ({ replicaIdentity }) => replicaIdentity)),
  }
}

/** Writes a schema that is not there yet. */
const writeSchema = Effect.fnUntraced(function* (key: string, schema: TableSchema, how: Publish) {
  const store = yield* ObjectStore
  const writer = yield* store.create(key, how)
  yield* writer.write(Buffer.from(print(schema)))
  yield* writer.commit
}, Effect.scoped)

/** Returns the schema that is there then: an earlier attempt may have written it. */
const writeOnce = (key: string, schema: TableSchema, how: Publish) =>
  Effect.catchIf(
    Effect.as(writeSchema(key, schema, how), schema),
    ({ reason }: StoreError) => reason === "Exists",
    () => Effect.map(readSchema(Option.some(key)), (found) => Option.getOrElse(found, () => schema)),
  )

const reportChange = Effect.fnUntraced(function* (
  { dataset, table }: SourceTable,
  before: TableSchema,
  now: TableSchema,
) {
  const changes = columnChanges(before, now)
  if (printChanges(changes) === "") return
  yield* publish((at) => ({ _tag: "ColumnsChanged", at, dataset, table: printTable(table), changes }))
})

const isOpen = ({ columns }: TableSchema): boolean => columns.some(({ attnum }) => attnum === null)

/** Returns the columns of the newest copy if it is older than the object. */
const copiedBefore = Effect.fnUntraced(function* (
  layout: LakeFolders,
  dataset: string,
  mask: string | undefined,
  object: VisibleObject,
) {
  const manifest = yield* newestManifest(layout, dataset)
  return Option.filter(
    manifest,
    (copy) => copy.mask === mask && Option.exists(Lsn.parse(copy.lsn), (lsn) => lsn < object.lsn),
  ).pipe(Option.map(({ columns }): ColumnsBefore => columns))
})

/** Returns the schema of the object by the schema before it, else by the newest copy. */
const numberedSchema = Effect.fnUntraced(function* (
  source: SourceTable,
  projection: Projection | undefined,
  layout: LakeFolders,
  content: TableSchema | undefined,
  object: VisibleObject,
  found: Option.Option<TableDescription>,
) {
  const { key: _, ...header } = object
  const mask = maskOf(projection)
  const before = content?.mask === mask ? (content?.columns ?? []) : []
  const schema = schemaOf(source, projection, header, found, before)
  if (Option.isNone(found) || (before.length > 0 && !isOpen(schema))) return schema
  const copied = yield* copiedBefore(layout, source.dataset, mask, object)
  return Option.match(copied, {
    onNone: () => schema,
    onSome: (columns) => schemaOf(source, projection, header, found, columns),
  })
})

/** True if the catalog has a column of each name without a number: then the number is unclear, and not only gone. */
const isUnclear = ({ columns }: TableSchema, found: Option.Option<TableDescription>): boolean =>
  Option.exists(found, (now) =>
    columns.some(({ name, attnum }) => attnum === null && now.columns.some((column) => column.name === name)),
  )

/**
 * Writes the schema of a visible object if it is not that of `tail`. Returns the newest schema then. `definition` identifies
 * the catalog's rows of the table at the beginning of the batch.
 */
export const keepSchema = Effect.fn("SchemaHistory.keepSchema")(function* (
  source: SourceTable,
  projection: Projection | undefined,
  layout: LakeFolders,
  tail: SchemaTail,
  definition: string | undefined,
  object: VisibleObject,
  how: Publish,
) {
  const names = object.columns.map(fromBytes)
  const content = tail.content ?? Option.getOrUndefined(yield* readSchema(tail.key))
  const isKnown = content !== undefined && hasColumns(content, names) && content.mask === maskOf(projection)
  if (isKnown && tail.definition !== undefined && tail.definition === definition) return { ...tail, content }
  const found = yield* describeNow(source.table)
  const now = yield* numberedSchema(source, projection, layout, content, object, found)
  // The catalog has later columns: what was known of these is better.
  if (isKnown && isOpen(now) && !isUnclear(now, found)) return { ...tail, content }
  if (isKnown && isSame(content, now))
    return { ...tail, content, definition: isOpen(now) ? undefined : definition }
  const key = schemaKey(object.key, source.dataset)
  const stored = yield* writeOnce(key, now, how)
  if (content !== undefined) yield* reportChange(source, content, now)
  const written: SchemaTail = {
    key: Option.some(key),
    content: stored,
    // Later rows may tell what is open.
    definition: isOpen(stored) ? undefined : definition,
  }
  return written
})
