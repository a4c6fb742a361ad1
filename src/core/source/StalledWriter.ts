/**
 * Whether a writer is stopped or frozen: its process keeps its session, and with it the lock, for as long as the machine lives.
 * Facts in, verdict out: a standby warns by it, and `status` says it.
 */
import { Duration, Option } from "effect"

/** So long a writer may be without a sign. One that has nothing to write asks the server where the WAL ends at each poll. */
const stallTimeout = Duration.seconds(60)

export interface WriterSigns {
  /** Since the last statement of the lock holder began, by the server's clock; none where this role may not see it. */
  readonly idleSeconds: Option.Option<number>
  /** A session reads the slot at this moment. A long peek sends no further statement. */
  readonly isSlotActive: boolean
  /** Since the watermark was written, or was first seen as it is; none where there is no watermark. */
  readonly watermarkSeconds: Option.Option<number>
}

/** What is not known is no sign of a stall. The slot does not move meanwhile: only a statement moves it. */
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

/** What a person can do; `pid` is the server process of the writer's session. */
export const stallAdvice = (pid: number): string =>
  `Its program may be stopped or frozen. If it does not go on, end its session, and a standby takes over: SELECT pg_terminate_backend(${pid});`
