/** Events of a pipeline that started on 2025-11-03 at 10:15:30 UTC; their times are seconds since then. */
import * as Lsn from "../../../src/core/Lsn.ts"
import type { PipelineEvent, PublishedDataset } from "../../../src/observe/PipelineEvent.ts"
import { initialStatus, nextStatus, type PipelineStatus } from "../../../src/observe/PipelineStatus.ts"

export const start = Date.UTC(2025, 10, 3, 10, 15, 30)
export const second = (n: number): number => start + n * 1000

/** As the server prints a commit time. */
export const committed = (n: number): string =>
  `${new Date(second(n)).toISOString().slice(0, 19).replace("T", " ")}+00`

/** The status after these events, of a process that started at `startedAt`. */
export const statusAfter = (events: ReadonlyArray<PipelineEvent>, startedAt = 0): PipelineStatus =>
  events.reduce(nextStatus, initialStatus(second(startedAt)))

/** WAL is retained from 100 on. */
export const slotChecked = (at: number, flushed: bigint, readUpTo: bigint): PipelineEvent => ({
  _tag: "SlotChecked",
  at: second(at),
  flushed: Lsn.Lsn.make(flushed),
  readUpTo: Lsn.Lsn.make(readUpTo),
  retainedFrom: Lsn.Lsn.make(100n),
})

export const transactionsRead = (first: number, last: number): PipelineEvent => ({
  _tag: "TransactionsRead",
  at: second(last),
  firstCommittedAt: committed(first),
  lastCommittedAt: committed(last),
})

export const retryBegan = (
  service: "source" | "lake",
  since: number,
  { failures = 1, message = "away", isLimited = true } = {},
): PipelineEvent => ({
  _tag: "RetryBegan",
  at: second(since),
  service,
  since: second(since),
  failures,
  message,
  limit: isLimited ? 60_000 : undefined,
})

/** Three rows in two objects of one dataset, one row in an object of another. */
export const twoDatasets: ReadonlyArray<PublishedDataset> = [
  {
    dataset: "clientes",
    objects: [
      { key: "inc/a.csv", bytes: 300 },
      { key: "inc/b.csv", bytes: 20 },
    ],
    rows: { Insert: 1, Update: 2, Delete: 0, Truncate: 0 },
  },
  {
    dataset: "pedidos",
    objects: [{ key: "inc/c.csv", bytes: 1 }],
    rows: { Insert: 0, Update: 0, Delete: 0, Truncate: 1 },
  },
]

/** Its oldest commit is of second 4. */
export const batchWritten = (
  startedAt: number,
  at: number,
  datasets: ReadonlyArray<PublishedDataset>,
  remainingBytes?: bigint,
): PipelineEvent => ({
  _tag: "BatchWritten",
  at: second(at),
  startedAt: second(startedAt),
  position: Lsn.Lsn.make(0x16b374d848n),
  datasets,
  firstCommittedAt: committed(4),
  remainingBytes,
})

export const tableCopied: PipelineEvent = {
  _tag: "TableCopied",
  at: second(1),
  dataset: "clientes",
  rows: 3,
  bytes: 42,
  objects: 1,
  object: "full/a.csv",
}
