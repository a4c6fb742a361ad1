/** A slot has one reader at a time, and `verify` reads it beside a writer: for moments, which are waited for here. */
import { Effect, Schedule, Stream } from "effect"
import type { SlotSession } from "../../services/source/ReplicationSlot.ts"
import type { SourceError } from "../../services/source/SourceError.ts"

/** Longer than a small `verify` reads; one that reads a large backlog is told as a fault, and tried again. */
const turn = Schedule.spaced("150 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "10 seconds" }),
  Schedule.setInputType<SourceError>(),
  Schedule.while(({ input }) => input.reason === "SlotInUse"),
)

/**
 * The session, which waits for its turn with the slot instead of failing at once, and keeps its lock meanwhile. A slot in
 * use is refused before the first piece of an answer, so nothing is told twice.
 */
export const takingTurns = (session: SlotSession): SlotSession => ({
  ...session,
  peek: (request) => Stream.retry(session.peek(request), turn),
  advance: (lsn) => Effect.retry(session.advance(lsn), turn),
})
