/**
 * A sink of transactions: it writes each line into the objects of its dataset.
 * Nothing of a batch is confirmed before `commit` has made all of its objects visible.
 */

import { Effect, Option, Sink } from "effect"
import { toBytes } from "../../core/bytes/Bytes.ts"
import type { Lsn } from "../../core/Lsn.ts"
import type { CommitMark, LakeFolders } from "../../core/lake/Watermark.ts"
import type { Table } from "../../core/slot/Change.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { printInSql, type TableName } from "../../core/source/SourceTable.ts"
import { forEachDataset } from "../../lake/ForEachDataset.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"
import type { Transaction } from "../../services/source/Transaction.ts"
import { type CommitOfRows, commitOfRows } from "./CommitOfRows.ts"
import { type DatasetObjects, type FollowedTail, type ObjectFence, openDataset } from "./DatasetObjects.ts"
import { ByTable, refusalOf, tablesOf } from "./RowLine.ts"

/** A dataset of the batch. */
interface BatchDataset {
  readonly tail: FollowedTail
  /** Undefined until a row comes. */
  objects: DatasetObjects | undefined
}

/** What becomes of the lines of one name. */
interface LineOwner {
  readonly dataset: BatchDataset
  /** As printed in SQL, a byte string. Undefined if the dataset's table is not partitioned. */
  readonly leaf: string | undefined
  /** False for a partitioned table itself: a TRUNCATE names it beside the leaves that it empties. */
  readonly isTruncated: boolean
}

const ownersIn = (dataset: BatchDataset): ReadonlyArray<readonly [TableName, LineOwner]> => {
  const { names, leaves } = dataset.tail
  if (leaves === undefined) {
    return names.map((name) => [name, { dataset, leaf: undefined, isTruncated: true }] as const)
  }
  const ownedAs = (name: TableName, isTruncated: boolean) =>
    [name, { dataset, leaf: toBytes(printInSql(name)), isTruncated }] as const
  // The WAL may hold rows of an ordinary table that had the name of the root before.
  return [...names.map((name) => ownedAs(name, false)), ...leaves.map((leaf) => ownedAs(leaf, true))]
}

/**
 * Opens the objects of a batch, and returns the sink that writes rows into them. The sink returns the objects with all rows,
 * not yet visible. They belong to the surrounding scope: if it closes before `commit`, no object becomes visible except those
 * that were complete because the columns had changed. The sink fails with a `StoreError` of the lake or of temporary files,
 * with a `SourceError` of the catalog, and with a `Refusal` of a line that cannot be read.
 */
export const incObjects = Effect.fn("IncObjects.incObjects")(function* (
  tails: ReadonlyArray<FollowedTail>,
  layout: LakeFolders,
  fence: ObjectFence,
  /** Called with each change of a table without a dataset, and the LSN of its commit. */
  onOther: (table: Table, tokens: RowTokenizer, commit: Lsn) => void = () => {},
) {
  const projections = new ByTable(
    tails.flatMap(({ names, leaves = [], projection }) =>
      [...names, ...leaves].map((name) => [name, projection] as const),
    ),
  )
  // The one place where columns are dropped and values hashed: no reader of `tokens` sees others.
  const tokens = new RowTokenizer((table) => projections.named(table))
  const rows = (yield* RowFormat).batch()
  const datasets = tails.map((tail): BatchDataset => ({ tail, objects: undefined }))
  const owners = new ByTable(datasets.flatMap(ownersIn))
  // A batch has rows of few of the datasets: the others are not opened.
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof openDataset>>>()
  const objectsOf = (dataset: BatchDataset) =>
    Effect.suspend(() =>
      dataset.objects === undefined
        ? Effect.tap(
            Effect.provideContext(openDataset(dataset.tail, layout, fence, rows.dataset()), context),
            (opened) => Effect.sync(() => (dataset.objects = opened)),
          )
        : Effect.succeed(dataset.objects),
    )
  const opened = () => datasets.flatMap(({ objects }) => objects ?? [])
  // The objects of one dataset come one after the other. The store bounds the memory of those in flight.
  const flushAll = Effect.suspend(() =>
    forEachDataset(
      opened().filter(({ hasRows }) => hasRows()),
      ({ flush }) => flush,
    ),
  )
  /** A dataset with enough rows for a flush. */
  let full: DatasetObjects | undefined

  /**
   * Appends lines from `from` on, until one needs an effect or a dataset is full. Returns the index of the next line. An
   * effect for each line would cost as much as its row.
   */
  const appendAtOnce = (lines: ReadonlyArray<SlotLine>, from: number, commit: CommitOfRows): number => {
    for (let at = from; at < lines.length; at++) {
      const line = lines[at]
      if (line === undefined || !tokens.read(line) || tokens.tag === "Truncate") return at
      const owner = owners.of(tokens.table)
      if (owner === undefined) {
        onOther(tokens.table.table, tokens, commit.position)
        continue
      }
      const { leaf } = owner
      const { objects } = owner.dataset
      if (!objects?.appendAtOnce(tokens, commit, line.ordinal - commit.beginOrdinal, leaf)) return at
      if (objects.isFull()) {
        full = objects
        return at + 1
      }
    }
    return lines.length
  }

  /** Appends a line to the dataset of each table that it names. */
  const appendOne = Effect.fnUntraced(function* (line: SlotLine, commit: CommitOfRows) {
    if (!tokens.read(line)) return yield* refusalOf(line, tokens)
    for (const table of tablesOf(tokens)) {
      const owner = owners.named(table)
      if (owner === undefined) onOther(table, tokens, commit.position)
      else if (owner.isTruncated || tokens.tag !== "Truncate") {
        const objects = yield* objectsOf(owner.dataset)
        yield* objects.append(tokens, commit, line.ordinal - commit.beginOrdinal, owner.leaf)
      }
    }
  })

  const appendFrom = Effect.fnUntraced(function* (
    lines: ReadonlyArray<SlotLine>,
    from: number,
    commit: CommitOfRows,
  ) {
    let at = from
    while (at < lines.length) {
      const line = lines[at]
      if (full !== undefined) {
        yield* full.flush
        full = undefined
      } else if (line !== undefined) {
        yield* appendOne(line, commit)
        at++
      }
      at = appendAtOnce(lines, at, commit)
    }
  })

  const append = Effect.fnUntraced(function* (transactions: ReadonlyArray<Transaction>) {
    for (const transaction of transactions) {
      const commit = commitOfRows(transaction)
      rows.beginTransaction(commit.fields)
      const { held, spilled } = transaction
      // Most transactions need only this call.
      const at = appendAtOnce(held, 0, commit)
      if (at < held.length) yield* appendFrom(held, at, commit)
      if (Option.isSome(spilled)) {
        yield* spilled.value((lines) =>
          Effect.as(Effect.andThen(appendFrom(lines, 0, commit), flushAll), true),
        )
      }
    }
    yield* flushAll
  })

  const commit = Effect.gen(function* () {
    yield* forEachDataset(
      opened().filter(({ isOpen }) => isOpen()),
      ({ finish }) => finish,
    )
    return opened()
      .map((dataset) => dataset.result())
      .filter(({ objects }) => objects.length > 0)
  })
  const lastCommit = () =>
    opened()
      .flatMap((dataset) => Option.toArray(dataset.lastCommit()))
      .reduce<Option.Option<CommitMark>>(
        (newest, one) => (Option.exists(newest, ({ lsn }) => lsn >= one.lsn) ? newest : Option.some(one)),
        Option.none(),
      )
  let firstCommittedAt: string | undefined
  let readUpTo = Option.none<Lsn>()
  /** Appends the transactions of one chunk. */
  const take = (transactions: ReadonlyArray<Transaction>) => {
    const last = transactions.at(-1)
    if (last !== undefined) readUpTo = Option.some(last.commit)
    firstCommittedAt ??= transactions[0]?.committedAt
    return append(transactions)
  }
  return Sink.forEach(take).pipe(
    Sink.map(() => ({
      /** Makes all objects visible. Returns the written objects of each dataset that has rows. */
      commit,
      /** True if an object of the dataset is visible before `commit`, because its columns changed after it. */
      isPublished: (dataset: string) =>
        opened().some((one) => one.result().dataset === dataset && one.result().objects.length > 0),
      /** The newest commit with rows of ours. */
      lastCommit: lastCommit(),
      /** Commit time of the first transaction, as the server prints it. */
      firstCommittedAt,
      /** The commit LSN of the last transaction. */
      readUpTo,
    })),
  )
})
