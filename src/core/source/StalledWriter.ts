/**
 * Decides whether a writer is stalled. A stopped or frozen process keeps its session, and with it the lock, as long as its
 * machine runs. A standby warns of it, and `status` reports it.
 */
import { Duration, Option } from "effect"

/** A writer without activity for this long is stalled. An idle one still queries the end of the WAL at each poll. */
const stallTimeout = Duration.seconds(60)

export interface WriterSigns {
  /** Since the last statement of the lock holder began, by the server's clock; none if this role may not read it. */
  readonly idleSeconds: Option.Option<number>
  /** True while a session reads the slot. A long peek sends no further statement. */
  readonly isSlotActive: boolean
  /** Since the watermark was written, or since it was first read as it is; none if there is no watermark. */
  readonly watermarkSeconds: Option.Option<number>
}

/** Unknown facts do not count as a stall. */
export const isStalled = (
  { idleSeconds, isSlotActive, watermarkSeconds }: WriterSigns,
  pollInterval: Duration.Duration,
): boolean => {
  const longestIdle = Duration.toSeconds(Duration.max(stallTimeout, Duration.times(pollInterval, 3)))
  return (
    !isSlotActive &&
    Option.exists(idleSeconds, (seconds) => seconds >= longestIdle) &&
    Option.getOrElse(watermarkSeconds, () => Number.POSITIVE_INFINITY) >= Duration.toSeconds(stallTimeout)
  )
}

/** The remedy. `pid` is the server process of the writer's session. */
export const stallAdvice = (pid: number): string =>
  `Its program may be stopped or frozen. If it does not go on, end its session, and a standby takes over: SELECT pg_terminate_backend(${pid});`
