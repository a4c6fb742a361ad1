/** Waits while another session, such as `verify`, reads the slot: PostgreSQL allows one reader at a time. */
import { Effect, Schedule } from "effect"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { SourceError } from "../../services/source/SourceError.ts"

/** Longer than a small `verify` reads; a longer wait fails with `SlotInUse`, which is retried. */
const slotInUseRetry = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 seconds" }),
  Schedule.while(({ input }) => input instanceof SourceError && input.reason === "SlotInUse"),
)

/**
 * Returns a session that retries for 10 s while the slot is in use, and keeps its lock meanwhile. PostgreSQL refuses a slot in
 * use before its first line, so no sink gets a transaction twice.
 */
export const retryWhileSlotInUse = (session: ChangeSession): ChangeSession => ({
  ...session,
  readTransactions: (request, sink) => Effect.retry(session.readTransactions(request, sink), slotInUseRetry),
  confirm: (lsn) => Effect.retry(session.confirm(lsn), slotInUseRetry),
})
