/**
 * Writes one batch of changes: for each dataset one object, and a new one whenever its columns change.
 * Nothing of a batch is confirmed before `commit` has made all of its objects visible.
 */
import { Clock, Effect, Option, Result, Scope, Stream } from "effect"
import { toBytes } from "./core/Bytes.ts"
import type { Change, Table } from "./core/Change.ts"
import type { HeldLine } from "./core/HeldLine.ts"
import { fitsShape, incHeader, incRow, type RowChange, type Shape, shapeOf } from "./core/IncRow.ts"
import { atOrBefore, type RowPosition } from "./core/LastRow.ts"
import { type LongLine, rowPieces } from "./core/LongLine.ts"
import * as Lsn from "./core/Lsn.ts"
import { nextStamp, objectKey, type Stamp } from "./core/ObjectKey.ts"
import type { SourceTable } from "./core/SourceTable.ts"
import { decodeSlotText } from "./core/TestDecoding.ts"
import type { Layout } from "./core/Watermark.ts"
import { ObjectStore, type ObjectWriter } from "./services/ObjectStore.ts"
import { SourceTables } from "./services/SourceTables.ts"
import { malformed, type Transaction } from "./Transactions.ts"

/** What is known of a dataset when a batch begins. */
export interface DatasetTail {
  readonly source: SourceTable
  /** Name of its newest object, after which the next one is named. */
  readonly newest: Option.Option<Stamp>
  /** Changes up to here are in the lake already: a batch before the last crash wrote them. */
  readonly written: Option.Option<RowPosition>
}

/** What a batch has written, by dataset. */
export interface WrittenDataset {
  readonly dataset: string
  readonly objects: ReadonlyArray<{ readonly key: string; readonly stamp: Stamp; readonly bytes: number }>
  readonly rows: number
}

interface Target extends DatasetTail {
  shape: Shape | undefined
  /** Rows rendered and not yet given to the object; the header comes first. */
  pending: Array<string>
  object: { readonly key: string; readonly stamp: Stamp; readonly writer: ObjectWriter } | undefined
  newestNow: Option.Option<Stamp>
  readonly finished: Array<WrittenDataset["objects"][number]>
  rows: number
}

const tableKey = (table: Table): string => `${table.schema}\0${table.name}`

const makeTarget = (tail: DatasetTail): Target => ({
  ...tail,
  shape: undefined,
  pending: [],
  object: undefined,
  newestNow: tail.newest,
  finished: [],
  rows: 0,
})

const isRow = (change: Change): change is RowChange =>
  change._tag === "Insert" ||
  change._tag === "Update" ||
  change._tag === "Delete" ||
  change._tag === "Truncate"

const tablesOf = (change: RowChange): ReadonlyArray<Table> =>
  change._tag === "Truncate" ? change.tables : [change.table]

/** The objects live in the surrounding scope: closed before `commit`, nothing of theirs is ever seen. */
export const openBatch = Effect.fn("IncObjects.openBatch")(function* (
  tails: ReadonlyArray<DatasetTail>,
  layout: Layout,
) {
  const store = yield* ObjectStore
  const catalog = yield* SourceTables
  const scope = yield* Effect.scope
  const targets = tails.map(makeTarget)
  // The slot prints names as bytes; ours are compared in the same form.
  const byTable = new Map(
    targets.map((target) => {
      const { schema, name } = target.source.table
      return [tableKey({ schema: toBytes(schema), name: toBytes(name) }), target] as const
    }),
  )

  const flush = Effect.fnUntraced(function* (target: Target) {
    if (target.pending.length === 0) return
    if (target.object === undefined) {
      const stamp = nextStamp(target.newestNow, yield* Clock.currentTimeMillis)
      const key = objectKey("inc", layout, target.source.dataset, stamp)
      const writer = yield* Scope.provide(store.create(key), scope)
      target.object = { key, stamp, writer }
      target.newestNow = Option.some(stamp)
      target.pending.unshift(incHeader(target.shape ?? []))
    }
    const bytes = Buffer.from(target.pending.join(""), "latin1")
    target.pending = []
    yield* target.object.writer.write(bytes)
  })

  /** Piece by piece: the row as a whole is never in memory. */
  const writeLong = Effect.fnUntraced(function* (target: Target, row: string, long: LongLine) {
    for (const piece of rowPieces(row, long)) {
      target.pending.push(piece)
      yield* flush(target)
    }
  })

  const finish = Effect.fnUntraced(function* (target: Target) {
    yield* flush(target)
    if (target.object === undefined) return
    const { key, stamp, writer } = target.object
    const { bytes } = yield* writer.commit
    target.finished.push({ key, stamp, bytes })
    target.object = undefined
  })

  /**
   * A change that does not fit the header in force begins a new object. INSERT and UPDATE bring their own header;
   * DELETE and TRUNCATE take the catalog's, or where a later ALTER has made that of no use, just the columns they name.
   */
  const takeShape = Effect.fnUntraced(function* (target: Target, change: RowChange) {
    yield* finish(target)
    if (change._tag === "Insert" || change._tag === "Update") {
      target.shape = shapeOf(change)
      return
    }
    const current = yield* catalog.describe(target.source.table).pipe(
      Effect.map(({ columns }) => columns.map((column) => toBytes(column.name))),
      // Dropped since: what the log says is all that is left of it.
      Effect.catchIf(
        (error) => error.reason === "SchemaOrTableMissing",
        () => Effect.succeed([]),
      ),
    )
    const named = change._tag === "Delete" ? (change.before ?? []).map((cell) => cell.name) : []
    target.shape = fitsShape(change, current) ? current : named
  })

  const appendLines = Effect.fnUntraced(function* (transaction: Transaction, lines: ReadonlyArray<HeldLine>) {
    const commit = {
      lsn: Lsn.printSortable(transaction.commit),
      xid: transaction.xid,
      at: transaction.committedAt,
    }
    for (const line of lines) {
      const change = decodeSlotText(line.text)
      if (Result.isFailure(change)) return yield* malformed(line.lsn, change.failure.message)
      if (!isRow(change.success)) continue
      for (const table of tablesOf(change.success)) {
        const target = byTable.get(tableKey(table))
        if (target === undefined) continue
        if (target.shape === undefined || !fitsShape(change.success, target.shape))
          yield* takeShape(target, change.success)
        const position = { lsn: transaction.commit, seq: line.seq }
        if (Option.exists(target.written, (written) => atOrBefore(position, written))) continue
        const row = incRow(change.success, target.shape ?? [], commit, line.seq)
        target.rows++
        if (line.long === undefined) target.pending.push(row)
        else yield* writeLong(target, row, line.long)
      }
    }
  })

  const append = Effect.fnUntraced(function* (transactions: ReadonlyArray<Transaction>) {
    for (const transaction of transactions) {
      yield* appendLines(transaction, transaction.held)
      if (Option.isSome(transaction.spooled)) {
        yield* Stream.runForEach(transaction.spooled.value, (lines) =>
          Effect.andThen(appendLines(transaction, lines), Effect.forEach(targets, flush, { discard: true })),
        )
      }
    }
    yield* Effect.forEach(targets, flush, { discard: true })
  })

  const commit = Effect.gen(function* () {
    yield* Effect.forEach(targets, finish, { discard: true })
    return targets
      .filter((target) => target.finished.length > 0)
      .map(
        ({ source, finished, rows }): WrittenDataset => ({
          dataset: source.dataset,
          objects: finished,
          rows,
        }),
      )
  })
  return { append, commit }
})
