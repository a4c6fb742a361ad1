/**
 * The events of a running `full` or `cdc`. Health, metrics, log lines and the live line are derived from them. Events never
 * leave the process and are never decoded, so that they are plain data without a schema.
 *
 * `at` is the time of the event. It and all other numeric times are milliseconds since 1970 of this machine's clock. Commit
 * times are text, as the server prints them. No event contains a row's value or a secret.
 */
import type { Data } from "effect"
import type { Lsn } from "../core/Lsn.ts"
import type { ColumnChanges } from "../core/lake/ColumnChanges.ts"

/** The system at the other end of a failed call. */
export type Service = "source" | "lake"

export const ops = ["Insert", "Update", "Delete", "Truncate"] as const

/** The published objects of one dataset. */
export interface PublishedDataset {
  readonly dataset: string
  readonly objects: ReadonlyArray<{ readonly key: string; readonly bytes: number }>
  /** Rows by their operation. */
  readonly rows: Readonly<Record<(typeof ops)[number], number>>
}

export type PipelineEvent = Data.TaggedEnum<{
  /** Another process holds the writer's lock: this one waits as its standby. */
  StandbyBegan: { readonly at: number }
  /** This process has the writer's lock: for the first time, after another writer, or again after a failure of its own. */
  LockAcquired: { readonly at: number }
  /** A starting writer found a watermark. `writtenAt`: ISO 8601; all WAL up to it was read at that time. */
  WatermarkFound: { readonly at: number; readonly writtenAt: string }
  /** The state of slot and WAL was read. A batch follows if `flushed` is after `readUpTo`, unless it is postponed. */
  SlotChecked: {
    readonly at: number
    readonly flushed: Lsn
    readonly readUpTo: Lsn
    /** The server retains WAL from here on for the slot. */
    readonly retainedFrom: Lsn
  }
  /** The last check found too little WAL for a batch (BATCH_MIN_WAL), which stays in the slot. */
  BatchPostponed: { readonly at: number }
  /** The source sent a chunk of its answer. */
  ChunkReceived: { readonly at: number }
  /** The lake accepted a chunk of an object. */
  ChunkWritten: { readonly at: number }
  /** Transactions of the current batch were read; the commit times of the first and the last of them. */
  TransactionsRead: {
    readonly at: number
    readonly firstCommittedAt: string
    readonly lastCommittedAt: string
  }
  /** Objects of `inc` became visible. They are not written again, even if the rest of their batch fails. */
  ObjectsPublished: { readonly at: number; readonly datasets: ReadonlyArray<PublishedDataset> }
  /** An object of `inc` has other columns than the one before: its `_schema_` is in the lake. */
  ColumnsChanged: {
    readonly at: number
    readonly dataset: string
    /** Quoted as in SQL. */
    readonly table: string
    readonly changes: ColumnChanges
  }
  /** A batch was written and confirmed to the slot. `datasets` is empty if it had no rows of ours. */
  BatchWritten: {
    readonly at: number
    /** When the slot was checked for it. */
    readonly startedAt: number
    readonly position: Lsn
    readonly datasets: ReadonlyArray<PublishedDataset>
    /** Commit time of its oldest transaction. */
    readonly firstCommittedAt: string | undefined
    /** Bytes of WAL after a batch that was cut at its bound; undefined if it read all that there was at `startedAt`. */
    readonly remainingBytes: bigint | undefined
  }
  /** All WAL that there was at `asOf` has been read, and had no rows of ours. */
  CaughtUp: { readonly at: number; readonly asOf: number }
  /** A copy of all tables began. */
  CopyBegan: { readonly at: number }
  /** All objects of a table's `full` and their manifest are in the lake. `object` is the first one. */
  TableCopied: {
    readonly at: number
    readonly dataset: string
    readonly rows: number
    readonly bytes: number
    readonly objects: number
    readonly object: string
  }
  CopyFinished: { readonly at: number }
  /** A transient error is retried. */
  RetryBegan: {
    readonly at: number
    readonly service: Service
    /** When the first of these failures happened. */
    readonly since: number
    /** Failures since then, from 1. */
    readonly failures: number
    readonly message: string
    /** How long it is retried, from `since` on, in milliseconds; undefined: without limit. */
    readonly limit: number | undefined
  }
  /** Work succeeded again after the failures that began at `since`. */
  Recovered: { readonly at: number; readonly since: number }
}>

/** Rows of these datasets. */
export const rowsIn = (datasets: ReadonlyArray<PublishedDataset>): number =>
  datasets.reduce((sum, { rows }) => sum + ops.reduce((all, op) => all + rows[op], 0), 0)

/** Bytes of their objects, as stored. */
export const bytesIn = (datasets: ReadonlyArray<PublishedDataset>): number =>
  datasets.reduce((sum, { objects }) => sum + objects.reduce((all, { bytes }) => all + bytes, 0), 0)
