/**
 * The status of a running `full` or `cdc`, folded from its events. It ends with the process.
 *
 * Times are milliseconds since 1970. Commit times are of the server's clock, all others of this machine's.
 */
import { commitMillis } from "../core/row/CommitTime.ts"
import { type PipelineEvent, rowsIn, type Service } from "./PipelineEvent.ts"

export interface PipelineStatus {
  readonly startedAt: number
  readonly isStandby: boolean
  /** WAL that was not read when the slot was last checked; undefined before the first check. */
  readonly lagBytes: number | undefined
  /** WAL that the server retains for the slot; undefined before the first check. */
  readonly retainedBytes: number | undefined
  /** Rows of `inc` that were written since the start. */
  readonly rows: number
  /** Key of the newest object of `inc`. */
  readonly newestObject: string | undefined
  /** When this process became responsible for progress: its start, or when it first had the lock. */
  readonly responsibleSince: number
  readonly hasHeldLock: boolean
  readonly lastSuccessAt: number | undefined
  /** When a chunk was last received from the source or accepted by the lake. */
  readonly lastActivityAt: number
  /** When all WAL was last known to be read. */
  readonly caughtUpAt: number | undefined
  /** Time of the oldest commit that is not in the lake; a lower bound until the batch has read it. */
  readonly behindSince: number | undefined
  /** When the batch or copy in progress began. */
  readonly workingSince: number | undefined
  readonly isOldestKnown: boolean
  readonly lastCommittedAt: string | undefined
  /** The failure that is being retried. */
  readonly retry: { readonly service: Service; readonly since: number; readonly message: string } | undefined
}

/** The status of a process that starts. */
export const initialStatus = (now: number): PipelineStatus => ({
  startedAt: now,
  isStandby: false,
  lagBytes: undefined,
  retainedBytes: undefined,
  rows: 0,
  newestObject: undefined,
  responsibleSince: now,
  hasHeldLock: false,
  lastSuccessAt: undefined,
  lastActivityAt: 0,
  caughtUpAt: undefined,
  behindSince: undefined,
  workingSince: undefined,
  isOldestKnown: false,
  lastCommittedAt: undefined,
  retry: undefined,
})

const finished = (status: PipelineStatus, at: number): PipelineStatus => ({
  ...status,
  lastSuccessAt: at,
  workingSince: undefined,
})

/** At `at` all WAL that there was at `asOf` is in the lake. */
const caughtUp = (status: PipelineStatus, at: number, asOf: number): PipelineStatus => ({
  ...finished(status, at),
  caughtUpAt: asOf,
  behindSince: undefined,
  lagBytes: 0,
})

/** A batch is in the lake, and more WAL follows it. */
const cutShort = (status: PipelineStatus, at: number, remaining: bigint): PipelineStatus => ({
  ...finished(status, at),
  behindSince: commitMillis(status.lastCommittedAt ?? "") ?? status.behindSince,
  lagBytes: Math.max(0, Number(remaining)),
})

const active = (status: PipelineStatus, at: number): PipelineStatus =>
  status.lastActivityAt === at ? status : { ...status, lastActivityAt: at }

type Event<Tag extends PipelineEvent["_tag"]> = Extract<PipelineEvent, { readonly _tag: Tag }>

const slotChecked = (status: PipelineStatus, event: Event<"SlotChecked">): PipelineStatus => {
  const { at, flushed, readUpTo, retainedFrom } = event
  const lagBytes = Math.max(0, Number(flushed - readUpTo))
  const retainedBytes = Math.max(0, Number(flushed - retainedFrom))
  const known = { ...status, lagBytes, retainedBytes, isOldestKnown: false }
  if (lagBytes === 0) return caughtUp(known, at, at)
  return {
    ...known,
    workingSince: at,
    behindSince: status.behindSince ?? status.caughtUpAt ?? status.startedAt,
  }
}

const transactionsRead = (status: PipelineStatus, event: Event<"TransactionsRead">): PipelineStatus => {
  const read = { ...status, lastCommittedAt: event.lastCommittedAt, isOldestKnown: true }
  if (status.isOldestKnown) return read
  return { ...read, behindSince: commitMillis(event.firstCommittedAt) ?? status.behindSince }
}

const batchWritten = (status: PipelineStatus, event: Event<"BatchWritten">): PipelineStatus => {
  const { at, startedAt, datasets, remainingBytes } = event
  const newest = datasets.flatMap(({ objects }) => objects).at(-1)
  const written = {
    ...status,
    rows: status.rows + rowsIn(datasets),
    newestObject: newest?.key ?? status.newestObject,
  }
  return remainingBytes === undefined
    ? caughtUp(written, at, startedAt)
    : cutShort(written, at, remainingBytes)
}

/** Returns the status after one more event. Pure and total: every order of events gives a status. */
export const nextStatus = (status: PipelineStatus, event: PipelineEvent): PipelineStatus => {
  switch (event._tag) {
    case "ChunkReceived":
    case "ChunkWritten":
      return active(status, event.at)
    case "TransactionsRead":
      return transactionsRead(status, event)
    case "SlotChecked":
      return slotChecked(status, event)
    case "StandbyBegan":
      return { ...status, isStandby: true, behindSince: undefined, lagBytes: 0 }
    case "LockAcquired":
      return {
        ...status,
        isStandby: false,
        hasHeldLock: true,
        responsibleSince: status.hasHeldLock ? status.responsibleSince : event.at,
      }
    case "WatermarkFound": {
      const writtenAt = Date.parse(event.writtenAt)
      return writtenAt > (status.caughtUpAt ?? 0) ? { ...status, caughtUpAt: writtenAt } : status
    }
    case "BatchWritten":
      return batchWritten(status, event)
    case "CaughtUp":
      return caughtUp(status, event.at, event.asOf)
    case "CopyBegan":
      return { ...status, workingSince: event.at, retry: undefined }
    case "CopyFinished":
    case "BatchPostponed":
      return finished(status, event.at)
    case "RetryBegan": {
      const { service, since, message } = event
      return { ...status, workingSince: undefined, retry: { service, since, message } }
    }
    case "Recovered":
      return { ...status, retry: undefined }
    case "ObjectsPublished":
    case "ColumnsChanged":
    case "TableCopied":
      return status
  }
}

/** When a check succeeded and began no batch, or a batch or copy was done; before the first time, `responsibleSince`. */
export const lastSuccess = (status: PipelineStatus): number => status.lastSuccessAt ?? status.responsibleSince

/**
 * Age of the oldest commit that is not in the lake, in seconds; 0 if the last check found none. If it is not known (the batch
 * has read no transaction yet, or source or lake are unreachable), the time since all WAL was last known to be read, or since
 * the start.
 */
export const lagSeconds = (status: PipelineStatus, now: number): number => {
  const { behindSince, retry, caughtUpAt, startedAt } = status
  const since = behindSince ?? (retry === undefined ? undefined : (caughtUpAt ?? startedAt))
  return since === undefined ? 0 : Math.max(0, (now - since) / 1000)
}
