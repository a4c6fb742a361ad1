/** What one batch writes of one dataset: an object, and a new one whenever its columns change. */
import { Effect, Option, Scope } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { type ObjectName, objectKey, type Stamp } from "../../core/lake/ObjectKey.ts"
import type { CommitMark, Layout } from "../../core/lake/Watermark.ts"
import { ColumnsFit, type CommitFields } from "../../core/row/IncRow.ts"
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
import type { Transaction } from "../../services/source/Transaction.ts"
import { columnsFinder } from "./ColumnsAhead.ts"

/** Where a dataset ends in the lake when a batch begins. */
export interface DatasetTail {
  readonly source: SourceTable
  /** Key of its newest object, whose header has the columns of a table that was dropped since. */
  readonly newestKey: Option.Option<string>
  /** Name of its newest object, after which the next one is named. */
  readonly newest: Option.Option<Stamp>
  /** Changes up to here are in the lake already: a batch before the last crash wrote them. */
  readonly written: Option.Option<RowPosition>
}

/** The end of a dataset that a batch reads. */
export interface FollowedTail extends DatasetTail {
  /** The names under which the WAL may hold its rows. */
  readonly names: ReadonlyArray<TableName>
}

/** What a batch has written, by dataset. */
export interface WrittenDataset {
  readonly dataset: string
  readonly objects: ReadonlyArray<{ readonly key: string; readonly stamp: Stamp; readonly bytes: number }>
  /** Rows by their operation. */
  readonly rows: PublishedDataset["rows"]
}

/** The commit that rows carry, in the forms in which they need it. */
export interface CommitOfRows {
  readonly position: Lsn.Lsn
  readonly beginOrdinal: number
  readonly fields: CommitFields
  /** The transaction that the rows belong to. */
  readonly transaction: Transaction
}

export const commitOfRows = (transaction: Transaction): CommitOfRows => {
  const { commit, xid, committedAt, beginOrdinal } = transaction
  const fields = { lsn: Lsn.printSortable(commit), xid, at: committedAt }
  return { position: commit, beginOrdinal, fields, transaction }
}

/** What keeps a batch's objects apart from those of another writer. Several datasets ask at once. */
export interface ObjectFence {
  /** Run before each object becomes visible; its failure prevents that. */
  readonly ensureLockHeld: Effect.Effect<unknown, SourceError | Refusal>
  readonly publish: Publish
  /** The name of the next object of a dataset after its newest. */
  readonly nameObject: (newest: Option.Option<Stamp>) => Effect.Effect<ObjectName, StoreError>
}

/** Under a fence an object with our name is a predecessor's, which arrived late. Its last row must be read before we go on. */
const fencedOut = (key: string) =>
  new StoreError({ reason: "Fenced", subject: key, detail: "an object of another writer has this name" })

export type DatasetObjects = Effect.Success<ReturnType<typeof openDataset>>

/**
 * The objects live in the surrounding scope: closed before they are finished, nothing of them is ever visible. `pending`
 * takes the rows; its batch is in the transaction whose lines come next.
 */
export const openDataset = Effect.fn("DatasetObjects.openDataset")(function* (
  { source, names, newestKey, newest, written }: FollowedTail,
  layout: Layout,
  fence: ObjectFence,
  pending: DatasetRows,
) {
  const store = yield* ObjectStore
  const columnsFor = yield* columnsFinder(source.table, names, lastColumns(layout, source.dataset, newestKey))
  const scope = yield* Effect.scope

  /** The columns of the object. */
  let fit: ColumnsFit | undefined
  let object: { readonly key: string; readonly stamp: Stamp; readonly body: RowObject } | undefined
  let newestNow = newest
  const finished: Array<WrittenDataset["objects"][number]> = []
  const rows = { Insert: 0, Update: 0, Delete: 0, Truncate: 0 }
  /** Those of the last row, here or in the lake already. The commit itself would keep its transaction's lines in memory. */
  let lastPosition = Lsn.zero
  let lastFields: CommitFields | undefined

  const open = Effect.gen(function* () {
    const { stamp, ending } = yield* fence.nameObject(newestNow)
    const key = objectKey("inc", layout, source.dataset, stamp, ending)
    const opened = Effect.flatMap(store.create(key, fence.publish), (stored) =>
      pending.open(ending, fit?.columns ?? [], stored),
    )
    const body = yield* Scope.provide(opened, scope)
    newestNow = Option.some(stamp)
    return { key, stamp, body }
  })

  /** Gives the rows so far to the object. */
  const flush = Effect.gen(function* () {
    if (pending.isEmpty) return
    object ??= yield* open
    yield* object.body.write
  })

  const finish = Effect.gen(function* () {
    yield* flush
    if (object === undefined) return
    const { key, stamp, body } = object
    yield* fence.ensureLockHeld
    const { bytes } = yield* Effect.catchIf(
      body.commit,
      ({ reason }) => reason === "Exists" && fence.publish === "fenced",
      () => fencedOut(key),
    )
    finished.push({ key, stamp, bytes })
    object = undefined
  })

  /** Counts a row; false where a batch before the last crash wrote it. */
  const isNew = ({ tag }: RowTokenizer, commit: CommitOfRows, seq: number): boolean => {
    lastPosition = commit.position
    lastFields = commit.fields
    if (Option.isSome(written) && atOrBefore({ lsn: commit.position, seq }, written.value)) return false
    rows[tag]++
    return true
  }

  /** Appends the row of the line, where no effect is needed for it; false where one is. */
  const appendAtOnce = (tokens: RowTokenizer, commit: CommitOfRows, seq: number): boolean => {
    if (tokens.cursor.isMarked || fit === undefined || !fit.has(tokens)) return false
    if (isNew(tokens, commit, seq)) pending.append(tokens, fit, seq)
    return true
  }

  const append = Effect.fnUntraced(function* (tokens: RowTokenizer, commit: CommitOfRows, seq: number) {
    if (fit === undefined || !fit.has(tokens)) {
      yield* finish
      fit = new ColumnsFit(yield* columnsFor(tokens, commit.transaction, seq))
    }
    if (!isNew(tokens, commit, seq)) return
    const { readLong } = commit.transaction
    if (tokens.cursor.isMarked && readLong !== undefined) {
      yield* pending.appendLong(tokens, fit, seq, readLong, flush)
    } else pending.append(tokens, fit, seq)
  })

  return {
    append,
    appendAtOnce,
    /** Rows wait for a `flush`. */
    hasRows: () => !pending.isEmpty,
    /** An object is to be finished. */
    isOpen: () => object !== undefined || !pending.isEmpty,
    /** Enough rows for a `flush`. */
    isFull: () => pending.isFull,
    flush,
    /** Makes the last object visible. */
    finish,
    lastCommit: (): Option.Option<CommitMark> =>
      Option.map(Option.fromUndefinedOr(lastFields), ({ xid, at }) => ({ lsn: lastPosition, xid, at })),
    result: (): WrittenDataset => ({ dataset: source.dataset, objects: finished, rows }),
  }
})
