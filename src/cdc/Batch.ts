/** A batch after each of its steps (`Pipeline.ts`). */
import type { Option } from "effect"
import type * as Lsn from "../core/Lsn.ts"
import type { CommitMark } from "../core/lake/Watermark.ts"
import { type ChangeSession, maxLinesMax, type SlotView } from "../services/source/ChangeSource.ts"
import type { HeldWatermark } from "./fence/HeldWatermark.ts"
import type { WrittenDataset } from "./rows/DatasetObjects.ts"
import type { Checkpoint } from "./start/Checkpoint.ts"
import type { PresentTables } from "./tables/FollowedTables.ts"
import type { TablePlan } from "./tables/TablePlan.ts"
import type { UncertainTable } from "./unknown/UncertainTables.ts"

/** The only writer's session, which holds the lock on the source, and its watermark of the lake. */
export interface Writer {
  readonly session: ChangeSession
  readonly held: HeldWatermark
}

export interface BatchLimits {
  /** Soft bound of the peek, in slot lines. */
  readonly maxLines: number
  /**
   * In bytes. A batch that read the slot to its end and found no rows moves watermark and slot only if the server can then
   * remove at least this much WAL.
   */
  readonly worthMoving: bigint
}

/**
 * Returns the bound of a peek for `batchMaxChanges`, in lines. It is a sixteenth greater, because BEGIN and COMMIT are lines
 * too: a backlog of just that many changes would need a second peek, which decodes the WAL again from the first one's oldest
 * transaction.
 */
export const peekBound = (batchMaxChanges: number): number =>
  Math.min(batchMaxChanges + Math.floor(batchMaxChanges / 16), maxLinesMax)

/** Changes that are pending in the slot, up to the flushed WAL position at the time of the read. */
export interface PendingBatch {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly view: SlotView
  /** The writer's checkpoint, with the tables as they are followed in this batch. */
  readonly checkpoint: Checkpoint
  /** A change of tables, which takes effect at the end of the batch. */
  readonly change: Option.Option<TablePlan>
  /** Tables whose rows the WAL may hold under an unknown name. */
  readonly unsure: ReadonlyArray<UncertainTable>
  readonly present: PresentTables
}

/** A batch whose objects are all visible in the lake. */
export interface WrittenBatch extends PendingBatch {
  readonly written: ReadonlyArray<WrittenDataset>
  /** The lake is complete up to here once the watermark says so. */
  readonly position: Lsn.Lsn
  /** True if the read was cut at its bound: more is pending. */
  readonly more: boolean
  /** Commit time of the first transaction, as the server prints it. */
  readonly firstCommittedAt: string | undefined
  /** The newest commit with rows of ours. */
  readonly lastCommit: Option.Option<CommitMark>
  /** Datasets whose rows may be under an unknown name. */
  readonly incomplete: ReadonlySet<string>
}

/** The result of a batch. */
export interface BatchEnd {
  readonly checkpoint: Checkpoint
  readonly more: boolean
}
