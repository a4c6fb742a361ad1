/** Waits while another session, such as `verify`, reads the slot: PostgreSQL allows one reader at a time. */
import { Effect, Schedule, Stream } from "effect"
import type { SlotSession } from "../../services/source/ReplicationSlot.ts"
import type { SourceError } from "../../services/source/SourceError.ts"

/** Longer than a small `verify` reads; a longer wait fails with `SlotInUse`, which is retried. */
const slotInUseRetry = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 seconds" }),
  Schedule.setInputType<SourceError>(),
  Schedule.while(({ input }) => input.reason === "SlotInUse"),
)

/**
 * Returns a session that retries for 10 s while the slot is in use, and keeps its lock meanwhile. PostgreSQL refuses a slot in
 * use before its first line, so no line is returned twice.
 */
export const retryWhileSlotInUse = (session: SlotSession): SlotSession => ({
  ...session,
  peek: (request) => Stream.retry(session.peek(request), slotInUseRetry),
  advance: (lsn) => Effect.retry(session.advance(lsn), slotInUseRetry),
})
