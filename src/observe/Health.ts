/** Computes the answer of `/healthz` from the status of the process. */
import { lastSuccess, type PipelineStatus } from "./PipelineStatus.ts"

export interface Health {
  readonly isWell: boolean
  /** One line, without secrets and values. */
  readonly text: string
}

/**
 * Milliseconds. The server decodes a batch before it sends the first byte: some seconds for a million changes, and longer if
 * it must read much WAL that is not ours. In this time it reads more than 100 GB of WAL.
 */
const longestSilence = 15 * 60_000

const iso = (millis: number): string => new Date(millis).toISOString()

/**
 * Healthy means: it makes progress or stands by. A batch in progress is healthy until `longestSilence` has passed without a
 * chunk received or written. `longestIdle`: milliseconds without a successful check of the slot.
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
    ? { isWell: false, text: `no successful check of the slot since ${iso(succeededAt)}` }
    : { isWell: true, text: "ok" }
}
