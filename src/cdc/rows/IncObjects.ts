/**
 * Writes one batch of changes: each line into the objects of the dataset that it belongs to.
 * Nothing of a batch is confirmed before `commit` has made all of its objects visible.
 */
import { Effect, Option, Stream } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import type { CommitMark, Layout } from "../../core/lake/Watermark.ts"
import type { RowChange } from "../../core/row/IncRow.ts"
import { CommitBytes } from "../../core/row/RowTranscoder.ts"
import type { Table } from "../../core/slot/Change.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import {
  type CommitOfRows,
  commitOfRows,
  type DatasetObjects,
  type FollowedTail,
  type ObjectFence,
  openDataset,
} from "./DatasetObjects.ts"
import { catalogKey, readRowLine, tableKey, tablesOf } from "./RowLine.ts"
import type { Transaction } from "./Transactions.ts"

/**
 * Objects of so many datasets are begun, and become visible, at once. A store answers each of them late (a disk that must
 * be flushed, a bucket in another place), and has most of that time left for the others. Each dataset's own objects come one after
 * the other. The store bounds the memory of those under way.
 */
const datasetsAtOnce = 16

/**
 * The objects live in the surrounding scope: closed before `commit`, nothing of theirs is ever seen, save of those that are
 * complete because the columns have changed.
 */
export const openBatch = Effect.fn("IncObjects.openBatch")(function* (
  tails: ReadonlyArray<FollowedTail>,
  layout: Layout,
  fence: ObjectFence,
  /** Called with each change of a table that belongs to none of the datasets, and the LSN of its commit. */
  onOther: (table: Table, change: RowChange, commit: Lsn) => void = () => {},
) {
  const datasets = yield* Effect.forEach(tails, (tail) => openDataset(tail, layout, fence))
  const byTable = new Map(
    datasets.flatMap((dataset) => dataset.names.map((name) => [catalogKey(name), dataset] as const)),
  )
  const forAll = <A, E, R>(
    chosen: ReadonlyArray<DatasetObjects>,
    effect: (dataset: DatasetObjects) => Effect.Effect<A, E, R>,
  ) => Effect.forEach(chosen, effect, { concurrency: datasetsAtOnce, discard: true })
  const flushAll = Effect.suspend(() =>
    forAll(
      datasets.filter(({ hasRows }) => hasRows()),
      ({ flush }) => flush,
    ),
  )

  /** Decodes the line, and gives its change to the tables that it names. */
  const appendDecoded = Effect.fnUntraced(function* (line: SlotLine, commit: CommitOfRows, seq: number) {
    const change = yield* Effect.fromResult(readRowLine(line))
    if (change === undefined) return
    for (const table of tablesOf(change)) {
      const dataset = byTable.get(tableKey(table))
      if (dataset === undefined) onOther(table, change, commit.position)
      else yield* dataset.append(change, commit, seq)
    }
  })

  /** That of the line before: mostly also that of the next one. */
  let latest = datasets[0]
  const ownerOf = (line: SlotLine, commit: CommitOfRows, seq: number): DatasetObjects | undefined =>
    latest?.appendKnown(line, commit, seq) === true
      ? latest
      : datasets.find((dataset) => dataset !== latest && dataset.appendKnown(line, commit, seq))

  /**
   * Appends lines from `from` on, until one must be decoded or rows must be given on; answers where that is. A line
   * with marks is always decoded: its row is written in windows.
   */
  const appendKnown = (lines: ReadonlyArray<SlotLine>, from: number, commit: CommitOfRows): number => {
    for (let at = from; at < lines.length; at++) {
      const line = lines[at]
      const owner = line && !line.isMarked && ownerOf(line, commit, line.ordinal - commit.beginOrdinal)
      if (!owner) return at
      latest = owner
      if (owner.isFull()) return at + 1
    }
    return lines.length
  }

  const appendFrom = Effect.fnUntraced(function* (
    lines: ReadonlyArray<SlotLine>,
    from: number,
    commit: CommitOfRows,
  ) {
    for (let at = from; at < lines.length; at = appendKnown(lines, at, commit)) {
      const line = lines[at]
      if (latest?.isFull()) yield* latest.flush
      else if (line !== undefined) {
        yield* appendDecoded(line, commit, line.ordinal - commit.beginOrdinal)
        at++
      }
    }
  })

  const commitBytes = new CommitBytes()

  const append = Effect.fnUntraced(function* (transactions: ReadonlyArray<Transaction>) {
    for (const transaction of transactions) {
      const commit = commitOfRows(transaction, commitBytes)
      const { held, spooled } = transaction
      // Most transactions are done in this one call: an effect for each would cost as much as their rows.
      const at = appendKnown(held, 0, commit)
      if (at < held.length) yield* appendFrom(held, at, commit)
      if (Option.isSome(spooled)) {
        yield* Stream.runForEach(spooled.value, (lines) =>
          Effect.andThen(appendFrom(lines, 0, commit), flushAll),
        )
      }
    }
    yield* flushAll
  })

  const commit = Effect.gen(function* () {
    yield* forAll(
      datasets.filter(({ isOpen }) => isOpen()),
      ({ finish }) => finish,
    )
    return datasets.map((dataset) => dataset.result()).filter(({ objects }) => objects.length > 0)
  })
  /** The newest commit that has rows of ours. */
  const lastCommit = () =>
    datasets
      .flatMap((dataset) => Option.toArray(dataset.lastCommit()))
      .reduce<Option.Option<CommitMark>>(
        (newest, one) => (Option.exists(newest, ({ lsn }) => lsn >= one.lsn) ? newest : Option.some(one)),
        Option.none(),
      )
  return { append, commit, lastCommit }
})
