/** Writes one dataset's rows of one batch: into an object, and into a new one whenever the columns change. */
import { Effect, Option, Scope } from "effect"
import { keptKeys } from "../../columns/KeptKeys.ts"
import { type RowXids, withXid } from "../../core/columns/ColumnNumbers.ts"
import type { Projection } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import { type ObjectName, objectKey, type Stamp } from "../../core/lake/ObjectKey.ts"
import type { CommitMark, LakeFolders } from "../../core/lake/Watermark.ts"
import { ColumnsFit } from "../../core/row/ColumnsFit.ts"
import type { CommitFields } from "../../core/row/IncRow.ts"
import { atOrBefore, type RowPosition } from "../../core/row/RowPosition.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import type { SourceTable, TableName } from "../../core/source/SourceTable.ts"
import { lastColumns } from "../../lake/LastColumns.ts"
import type { PublishedDataset } from "../../observe/PipelineEvent.ts"
import { ObjectStore, type Publish } from "../../services/lake/ObjectStore.ts"
import type { DatasetRows, RowObject } from "../../services/lake/RowFormat.ts"
import { StoreError } from "../../services/lake/StoreError.ts"
import type { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import { SourceTables } from "../../services/source/SourceTables.ts"
import { columnsFinder } from "./ColumnsAhead.ts"
import type { CommitOfRows } from "./CommitOfRows.ts"
import { partitionColumnsFinder } from "./PartitionColumns.ts"
import { keepSchema, type SchemaTail } from "./SchemaHistory.ts"

/** The end of a dataset in the lake before a batch. */
export interface DatasetTail {
  readonly source: SourceTable
  /** Key of its newest object. Its header has the columns of a table that was dropped since. */
  readonly newestKey: Option.Option<string>
  /** Name of its newest object. The next name is later. */
  readonly newest: Option.Option<Stamp>
  /** Changes up to here are already in the lake: a batch before the last crash wrote them. */
  readonly written: Option.Option<RowPosition>
  readonly schema: SchemaTail
}

/** The end of a dataset that a batch continues. */
export interface FollowedTail extends DatasetTail {
  /** The names under which the WAL may hold its rows; if it is partitioned, those of relations without rows of their own. */
  readonly names: ReadonlyArray<TableName>
  /** The leaves, whose rows are those of the dataset. Undefined if the table is not partitioned. */
  readonly leaves: ReadonlyArray<TableName> | undefined
  /** Of its table. Undefined if all columns are kept. */
  readonly projection: Projection | undefined
  /** As in `FollowedTable`. */
  readonly definition: string | undefined
}

/** The objects and rows of one dataset that a batch has written. */
export interface WrittenDataset {
  readonly dataset: string
  readonly objects: ReadonlyArray<{ readonly key: string; readonly stamp: Stamp; readonly bytes: number }>
  /** Rows by their operation. */
  readonly rows: PublishedDataset["rows"]
  /** After these objects. */
  readonly schema: SchemaTail
}

/** Keeps a batch's objects apart from those of another writer. Several datasets use it at once. */
export interface ObjectFence {
  /** Runs before each object becomes visible. Its failure prevents that. */
  readonly ensureLockHeld: Effect.Effect<unknown, SourceError | Refusal>
  readonly publish: Publish
  /** True if a schema is written beside each object whose columns are others. */
  readonly keepsSchemas: boolean
  /** Returns the name of a dataset's next object. */
  readonly nameObject: (newest: Option.Option<Stamp>) => Effect.Effect<ObjectName, StoreError>
}

/** With a fence, an object with our name is a late one of an earlier writer. Its last row must be read before we continue. */
const fencedOut = (key: string) =>
  new StoreError({ reason: "Fenced", subject: key, detail: "an object of another writer has this name" })

export type DatasetObjects = Effect.Success<ReturnType<typeof openDataset>>

/**
 * Opens a dataset for the rows of one batch. An object belongs to the surrounding scope: if that closes before `finish`, the
 * object never becomes visible. `pending` buffers the rows; its batch must have begun the transaction of the next lines.
 */
export const openDataset = Effect.fn("DatasetObjects.openDataset")(function* (
  { source, names, leaves, projection, definition, newestKey, newest, written, schema: before }: FollowedTail,
  layout: LakeFolders,
  fence: ObjectFence,
  pending: DatasetRows,
) {
  const store = yield* ObjectStore
  const isPartitioned = leaves !== undefined
  const last = lastColumns(layout, source.dataset, newestKey, isPartitioned)
  const columnsFor = yield* isPartitioned
    ? partitionColumnsFinder(source.table, leaves, projection, last)
    : columnsFinder(source.table, names, projection, last)
  const catalog = yield* SourceTables
  const scope = yield* Effect.scope

  /** The columns of the object. */
  let fit: ColumnsFit | undefined
  let object: { readonly key: string; readonly stamp: Stamp; readonly body: RowObject } | undefined
  let newestNow = newest
  let schema = before
  /** The commit of the first row of the object. */
  let firstPosition: Lsn.Lsn | undefined
  /** Of the rows of the object. */
  let xids: RowXids | undefined
  /** True if one of them is an INSERT or UPDATE, which names all columns. */
  let isWhole = false
  const finished: Array<WrittenDataset["objects"][number]> = []
  const rows = { Insert: 0, Update: 0, Delete: 0, Truncate: 0 }
  /** The commit of the last row, here or already in the lake. `CommitOfRows` would keep the transaction's lines in memory. */
  let lastPosition = Lsn.zero
  let lastFields: CommitFields | undefined

  const open = Effect.gen(function* () {
    const { stamp, ending } = yield* fence.nameObject(newestNow)
    const key = objectKey("inc", layout, source.dataset, stamp, ending)
    const opened = Effect.flatMap(store.create(key, fence.publish), (stored) =>
      pending.open(ending, fit?.columns ?? [], stored, isPartitioned),
    )
    const body = yield* Scope.provide(opened, scope)
    newestNow = Option.some(stamp)
    return { key, stamp, body }
  })

  /** Writes the buffered rows to the object. */
  const flush = Effect.gen(function* () {
    if (pending.isEmpty) return
    object ??= yield* open
    yield* object.body.write
  })

  const finish = Effect.gen(function* () {
    yield* flush
    if (object === undefined) return
    const { key, stamp, body } = object
    // A column that is dropped may have become part of the key.
    yield* Effect.provideService(keptKeys(source.table, projection), SourceTables, catalog)
    yield* fence.ensureLockHeld
    const { bytes } = yield* Effect.catchIf(
      body.commit,
      ({ reason }) => reason === "Exists" && fence.publish === "fenced",
      () => fencedOut(key),
    )
    finished.push({ key, stamp, bytes })
    object = undefined
    const visible = {
      key,
      columns: fit?.columns ?? [],
      lsn: firstPosition ?? lastPosition,
      isWhole,
      isPartitioned,
      xids,
    }
    firstPosition = undefined
    xids = undefined
    isWhole = false
    if (!fence.keepsSchemas) return
    schema = yield* keepSchema(source, projection, layout, schema, definition, visible, fence.publish).pipe(
      Effect.provideService(SourceTables, catalog),
      Effect.provideService(ObjectStore, store),
    )
  })

  /** Counts a row. Returns false if a batch before the last crash wrote it. */
  const isNew = ({ tag }: RowTokenizer, commit: CommitOfRows, seq: number): boolean => {
    const isSameCommit = commit.position === lastPosition
    lastPosition = commit.position
    lastFields = commit.fields
    if (Option.isSome(written) && atOrBefore({ lsn: commit.position, seq }, written.value)) return false
    rows[tag]++
    firstPosition ??= commit.position
    if (xids === undefined || !isSameCommit) xids = withXid(xids, commit.fields.xid)
    isWhole ||= tag === "Insert" || tag === "Update"
    return true
  }

  /** Appends the row of the line. Returns false, and appends nothing, if that needs an effect. */
  const appendAtOnce = (tokens: RowTokenizer, commit: CommitOfRows, seq: number, leaf?: string): boolean => {
    if (tokens.cursor.isMarked || fit === undefined || !fit.has(tokens)) return false
    if (isNew(tokens, commit, seq)) pending.append(tokens, fit, seq, leaf)
    return true
  }

  const append = Effect.fnUntraced(function* (
    tokens: RowTokenizer,
    commit: CommitOfRows,
    seq: number,
    leaf?: string,
  ) {
    if (fit === undefined || !fit.has(tokens)) {
      yield* finish
      fit = new ColumnsFit(yield* columnsFor(tokens, commit.transaction, seq), isPartitioned)
    }
    if (!isNew(tokens, commit, seq)) return
    const { readLong } = commit.transaction
    if (tokens.cursor.isMarked && readLong !== undefined) {
      yield* pending.appendLong(tokens, fit, seq, readLong, flush, leaf)
    } else pending.append(tokens, fit, seq, leaf)
  })

  return {
    append,
    appendAtOnce,
    /** True if rows are buffered. */
    hasRows: () => !pending.isEmpty,
    /** True if an object needs `finish`. */
    isOpen: () => object !== undefined || !pending.isEmpty,
    /** True if enough rows are buffered for a `flush`. */
    isFull: () => pending.isFull,
    flush,
    /** Flushes, and makes the last object visible. */
    finish,
    lastCommit: (): Option.Option<CommitMark> =>
      Option.map(Option.fromUndefinedOr(lastFields), ({ xid, at }) => ({ lsn: lastPosition, xid, at })),
    result: (): WrittenDataset => ({ dataset: source.dataset, objects: finished, rows, schema }),
  }
})
