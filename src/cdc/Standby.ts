/** One writer at a time: whoever comes second waits, and takes over by itself. */
import { Clock, Duration, Effect, Exit, Option, Scope } from "effect"
import { Refusal } from "../services/Refusal.ts"
import { ReplicationSlot } from "../services/ReplicationSlot.ts"
import { Vitals } from "../services/Vitals.ts"

/** A standby asks again this often. */
const standbyInterval = Duration.seconds(1)

/**
 * The session that may write: at once, or when the other writer has gone. `healthy` is run while it waits, because
 * waiting is a standby's work: one that has waited for a day does not give up on the source after 30 seconds.
 */
export const attachOrWait = Effect.fnUntraced(function* (noWait: boolean, healthy: Effect.Effect<void>) {
  const slot = yield* ReplicationSlot
  const vitals = yield* Vitals
  const scope = yield* Effect.scope
  let told = false
  while (true) {
    // A session that has not got the lock is let go at once: a standby that kept each would use up the server's.
    const attempt = yield* Scope.fork(scope)
    const session = yield* Scope.provide(slot.attach, attempt)
    if (Option.isSome(session)) {
      vitals.takesOver(yield* Clock.currentTimeMillis)
      if (told)
        yield* Effect.logInfo("cdc: taking over, the other writer has gone").pipe(
          Effect.annotateLogs({ slot: slot.name }),
        )
      return session.value
    }
    yield* Scope.close(attempt, Exit.void)
    if (noWait) return yield* anotherWriter(slot.name)
    if (!told)
      yield* Effect.logInfo("cdc: standby, another process writes from this slot").pipe(
        Effect.annotateLogs({ slot: slot.name }),
      )
    told = true
    vitals.standsBy()
    yield* healthy
    yield* Effect.sleep(standbyInterval)
  }
})

const anotherWriter = (slot: string) =>
  new Refusal({
    reason: "AnotherWriter",
    found: `Another process writes from the slot "${slot}"`,
    stake: "Two writers would repeat each other's rows",
    mend: "Stop that one, or start this one without --no-wait to wait as its standby",
  })
