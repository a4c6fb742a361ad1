/** Waits while another session, such as `verify`, reads the slot: PostgreSQL allows one reader at a time. */
import { Effect, Schedule, Sink } from "effect"
import type { ChangeSession, ReadTransactions } from "../../services/source/ChangeSource.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import type { Transaction } from "../../services/source/Transaction.ts"

/** Longer than a small `verify` reads; a longer wait fails with `SlotInUse`, which is retried. */
const slotInUseRetry = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 seconds" }),
  Schedule.while(({ input }) => input instanceof SourceError && input.reason === "SlotInUse"),
)

/** Reads again only while the sink has taken nothing: what it fails with later is its own failure. */
const retryingReads =
  (read: ReadTransactions): ReadTransactions =>
  (request, sink) =>
    Effect.suspend(() => {
      let hasTaken = false
      const noting = Sink.mapInput(sink, (transactions: ReadonlyArray<Transaction>) => {
        hasTaken = true
        return transactions
      })
      return Effect.retry(read(request, noting), { schedule: slotInUseRetry, while: () => !hasTaken })
    })

/**
 * Returns a session that retries for 10 s while the slot is in use, and keeps its lock meanwhile. PostgreSQL refuses a slot in
 * use before its first line, so no sink gets a transaction twice.
 */
export const retryWhileSlotInUse = (session: ChangeSession): ChangeSession => ({
  ...session,
  readTransactions: retryingReads(session.readTransactions),
  confirm: (lsn) => Effect.retry(session.confirm(lsn), slotInUseRetry),
})
