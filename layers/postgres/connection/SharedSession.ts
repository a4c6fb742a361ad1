/** Shares one session between successive queries: a session for each would cost more than its answer. */
import { Cause, Effect, Exit, Option, RcRef, type Scope, Semaphore } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"

/** Longer than the program takes between two queries, too short to count among its permanent sessions. */
const idleTimeToLive = "100 millis"

/** True after success or a permanent error, such as a missing permission. Otherwise the session's state is unknown. */
const isUsable = (exit: Exit.Exit<unknown, SourceError>): boolean =>
  Exit.isSuccess(exit) || Option.exists(Cause.findErrorOption(exit.cause), ({ isRetryable }) => !isRetryable)

/**
 * Returns a function that runs queries on a session of `open`, one at a time. The session is opened with the first query, kept
 * until it was idle for `idleTimeToLive`, and opened anew after a transient error or an interruption. Fails as `open` does.
 */
export const sharedSession = <Session>(open: Effect.Effect<Session, SourceError, Scope.Scope>) =>
  Effect.gen(function* () {
    const shared = yield* RcRef.make({ acquire: open, idleTimeToLive })
    const permit = yield* Semaphore.make(1)
    return <A>(ask: (session: Session) => Effect.Effect<A, SourceError>): Effect.Effect<A, SourceError> =>
      RcRef.get(shared).pipe(
        Effect.flatMap((session) =>
          Effect.onExit(ask(session), (exit) => (isUsable(exit) ? Effect.void : RcRef.invalidate(shared))),
        ),
        Effect.scoped,
        permit.withPermit,
      )
  })
