/** What `/healthz` answers, from the status of the process. */
import { lastSuccess, type PipelineStatus } from "./PipelineStatus.ts"

export interface Health {
  readonly isWell: boolean
  /** One line, without secrets and values. */
  readonly text: string
}

/**
 * Milliseconds. The server decodes a batch before it sends the first byte of it: some seconds for a million changes, and
 * as long as reading the WAL takes where most of it is not ours. In this time it reads more than 100 GB of WAL.
 */
const longestSilence = 15 * 60_000

const iso = (millis: number): string => new Date(millis).toISOString()

/**
 * Well: it makes progress or stands by. A batch in progress is well for as long as the server may decode it in silence, and
 * then for as long as chunks are received or written. `longestIdle`: milliseconds without a successful check of the slot.
 */
export const healthOf = (status: PipelineStatus, now: number, longestIdle: number): Health => {
  const { retry, isStandby, workingSince, lastActivityAt } = status
  if (retry !== undefined) {
    const { service, since, message } = retry
    return { isWell: false, text: `${service} away since ${iso(since)}, trying again: ${message}` }
  }
  if (isStandby) return { isWell: true, text: "standby" }
  if (workingSince !== undefined) {
    const work = `at work since ${iso(workingSince)}`
    const activeAt = Math.max(workingSince, lastActivityAt)
    return now - activeAt > longestSilence
      ? { isWell: false, text: `${work}, but nothing was received or sent since ${iso(activeAt)}` }
      : { isWell: true, text: work }
  }
  const succeededAt = lastSuccess(status)
  return now - succeededAt > longestIdle
    ? { isWell: false, text: `no successful look at the slot since ${iso(succeededAt)}` }
    : { isWell: true, text: "ok" }
}
