/** What a batch is at each of its steps (`Pipeline.ts`). */
import type { Option } from "effect"
import type * as Lsn from "../core/Lsn.ts"
import type { CommitMark } from "../core/lake/Watermark.ts"
import { type ChangeSession, maxLinesMax, type SlotView } from "../services/source/ChangeSource.ts"
import type { HeldWatermark } from "./fence/HeldWatermark.ts"
import type { WrittenDataset } from "./rows/DatasetObjects.ts"
import type { Checkpoint } from "./start/Checkpoint.ts"
import type { UncertainTable } from "./tables/FollowedTables.ts"
import type { TablePlan } from "./tables/TablePlan.ts"

/** What makes this process the one writer: the lock on the source, and the watermark of the lake. */
export interface Writer {
  readonly session: ChangeSession
  readonly held: HeldWatermark
}

export interface BatchLimits {
  /** Soft bound of the peek, in slot lines. */
  readonly maxLines: number
  /**
   * A batch that read all there is and found no rows moves watermark and slot only when that lets the server remove at least
   * this much WAL. In bytes.
   */
  readonly worthMoving: bigint
}

/**
 * The bound of a peek for so many changes, in lines. BEGIN and COMMIT are lines too. A backlog of just so many changes should
 * not take a second peek for its rest, which would decode the WAL again from where the oldest transaction of the first one
 * began: hence a sixteenth more.
 */
export const peekBound = (batchMaxChanges: number): number =>
  Math.min(batchMaxChanges + Math.floor(batchMaxChanges / 16), maxLinesMax)

/** Changes that wait in the slot: up to where the WAL was flushed when it was looked at. */
export interface PendingBatch {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly view: SlotView
  /** Where the writer is, with the tables as they are followed in this batch. */
  readonly checkpoint: Checkpoint
  /** A change of tables, which takes effect where the batch ends. */
  readonly change: Option.Option<TablePlan>
  /** Tables of which the WAL may hold rows under a name that nobody saw. */
  readonly unsure: ReadonlyArray<UncertainTable>
}

/** A batch whose objects are all visible in the lake. */
export interface WrittenBatch extends PendingBatch {
  readonly written: ReadonlyArray<WrittenDataset>
  /** The lake is whole up to here once the watermark says so. */
  readonly position: Lsn.Lsn
  /** The peek was cut at its bound: more waits. */
  readonly more: boolean
  /** Commit time of the first transaction, as the server prints it. */
  readonly firstCommittedAt: string | undefined
  /** The newest commit with rows of ours. */
  readonly lastCommit: Option.Option<CommitMark>
  /** Datasets whose rows may stand under a name that nobody saw. */
  readonly incomplete: ReadonlySet<string>
}

/** What a batch leaves behind. */
export interface BatchEnd {
  readonly checkpoint: Checkpoint
  readonly more: boolean
}
