/** What one batch writes of one dataset: an object, and a new one whenever its columns change. */
import { Effect, Option, Scope } from "effect"
import { atOrBefore, type RowPosition } from "../../core/csv/LastRow.ts"
import * as Lsn from "../../core/Lsn.ts"
import { type ObjectName, objectKey, type Stamp } from "../../core/lake/ObjectKey.ts"
import type { CommitMark, Layout } from "../../core/lake/Watermark.ts"
import {
  type CommitFields,
  type Delete,
  fitsShape,
  incHeader,
  incRow,
  type RowChange,
  type Shape,
} from "../../core/row/IncRow.ts"
import { RowBuffer } from "../../core/row/RowBuffer.ts"
import { type CommitBytes, RowTranscoder } from "../../core/row/RowTranscoder.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import type { SourceTable, TableName } from "../../core/source/SourceTable.ts"
import { lastColumns } from "../../lake/LastColumns.ts"
import { Compression } from "../../services/lake/Compression.ts"
import { ObjectStore, type ObjectWriter, type Publish } from "../../services/lake/ObjectStore.ts"
import { StoreError } from "../../services/lake/StoreError.ts"
import type { Refusal } from "../../services/Refusal.ts"
import type { SourceError } from "../../services/source/SourceError.ts"
import { longRows } from "./LongRow.ts"
import { shapeFinder } from "./ShapeAhead.ts"
import type { Transaction } from "./Transactions.ts"

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
  readonly rows: RowCounts
}

/** Rows by `_op`. */
export type RowCounts = Readonly<Record<RowChange["_tag"], number>>

export const rowsIn = (counts: RowCounts): number =>
  counts.Insert + counts.Update + counts.Delete + counts.Truncate

/** The commit that rows carry, in the forms in which they need it. */
export interface CommitOfRows {
  readonly position: Lsn.Lsn
  readonly beginOrdinal: number
  readonly fields: CommitFields
  readonly bytes: CommitBytes
  /** The transaction that it ends. */
  readonly transaction: Transaction
}

/** `bytes` is used for it, and holds until it is used for the next one. */
export const commitOfRows = (transaction: Transaction, bytes: CommitBytes): CommitOfRows => {
  const { commit, xid, committedAt, beginOrdinal } = transaction
  const fields = { lsn: Lsn.printSortable(commit), xid, at: committedAt }
  return { position: commit, beginOrdinal, fields, bytes: bytes.set(fields), transaction }
}

/** For old rows such as this one. The types of columns that it does not name are not known: rows that name them are decoded. */
const transcoderFor = ({ table, before }: Delete, shape: Shape): RowTranscoder => {
  const types = new Map(before?.map(({ name, type }) => [name, type]))
  return new RowTranscoder(
    table,
    shape.map((name) => ({ name, type: types.get(name) ?? "", value: null })),
  )
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

/** The objects live in the surrounding scope: closed before they are finished, nothing of them is ever visible. */
export const openDataset = Effect.fn("DatasetObjects.openDataset")(function* (
  { source, names, newestKey, newest, written }: FollowedTail,
  layout: Layout,
  fence: ObjectFence,
) {
  const store = yield* ObjectStore
  const compression = yield* Compression
  const shapeFor = yield* shapeFinder(source.table, names, lastColumns(layout, source.dataset, newestKey))
  const scope = yield* Effect.scope

  let shape: Shape | undefined
  /** Knows the rows of `shape`, from the last INSERT or UPDATE that had to be decoded; else from the first DELETE. */
  let transcoder: RowTranscoder | undefined
  const pending = new RowBuffer()
  let object: { readonly key: string; readonly stamp: Stamp; readonly writer: ObjectWriter } | undefined
  let newestNow = newest
  const finished: Array<WrittenDataset["objects"][number]> = []
  const rows = { Insert: 0, Update: 0, Delete: 0, Truncate: 0 }
  /** That of the last row, here or in the lake already. */
  let lastCommit: CommitOfRows | undefined

  const open = Effect.gen(function* () {
    const { stamp, ending } = yield* fence.nameObject(newestNow)
    const key = objectKey("inc", layout, source.dataset, stamp, ending)
    const compressed = Effect.flatMap(store.create(key, fence.publish), (stored) =>
      compression.around(ending, stored),
    )
    const writer = yield* Scope.provide(compressed, scope)
    newestNow = Option.some(stamp)
    yield* writer.write(Buffer.from(incHeader(shape ?? []), "latin1"))
    return { key, stamp, writer }
  })

  /** Gives the rows so far to the object. */
  const flush = Effect.gen(function* () {
    if (pending.length === 0) return
    object ??= yield* open
    yield* object.writer.write(pending.take())
  })

  const finish = Effect.gen(function* () {
    yield* flush
    if (object === undefined) return
    const { key, stamp, writer } = object
    yield* fence.ensureLockHeld
    const { bytes } = yield* Effect.catchIf(
      writer.commit,
      ({ reason }) => reason === "Exists" && fence.publish === "fenced",
      () => fencedOut(key),
    )
    finished.push({ key, stamp, bytes })
    object = undefined
  })

  const appendLong = longRows(pending, flush)

  const append = Effect.fnUntraced(function* (change: RowChange, commit: CommitOfRows, seq: number) {
    if (shape === undefined || !fitsShape(change, shape)) {
      yield* finish
      transcoder = undefined
      shape = yield* shapeFor(change, commit.transaction, seq)
    }
    if (change._tag === "Delete") transcoder ??= transcoderFor(change, shape)
    else if (change._tag !== "Truncate" && !transcoder?.fits(change.row)) {
      transcoder = new RowTranscoder(change.table, change.row)
    }
    lastCommit = commit
    if (Option.exists(written, (last) => atOrBefore({ lsn: commit.position, seq }, last))) return
    const row = incRow(change, shape, commit.fields, seq)
    rows[change._tag]++
    const { readLong } = commit.transaction
    if (readLong === undefined) pending.push(row)
    else yield* appendLong(row, readLong)
  })

  return {
    /** The names under which its rows come. */
    names,
    append,
    /** Appends the row of a line that needs no decoding; false where it does. */
    appendKnown: (line: SlotLine, commit: CommitOfRows, seq: number): boolean => {
      if (transcoder === undefined) return false
      if (Option.isSome(written) && commit.position <= written.value.lsn) return false
      const tag = transcoder.append(line, seq, commit.bytes, pending)
      if (tag === undefined) return false
      rows[tag]++
      lastCommit = commit
      return true
    },
    /** Rows wait for a `flush`. */
    hasRows: () => pending.length > 0,
    /** An object is to be finished. */
    isOpen: () => object !== undefined || pending.length > 0,
    /** Enough rows for a `flush`. */
    isFull: () => pending.isFull,
    flush,
    /** Makes the last object visible. */
    finish,
    lastCommit: (): Option.Option<CommitMark> =>
      Option.map(Option.fromUndefinedOr(lastCommit), ({ position, fields: { xid, at } }) => ({
        lsn: position,
        xid,
        at,
      })),
    result: (): WrittenDataset => ({ dataset: source.dataset, objects: finished, rows }),
  }
})
