/** One session for questions that follow each other: a session for each costs more than its answer. */
import { Cause, Effect, Exit, Option, RcRef, type Scope, Semaphore } from "effect"
import type { SourceError } from "../../../src/services/source/SourceError.ts"

/** Longer than the program takes between two questions, too short to count among the sessions that it keeps. */
const idleTimeToLive = "100 millis"

/** After a permanent error, such as a missing right, the session answers on. Any other end leaves it in an unknown state. */
const isUsable = (exit: Exit.Exit<unknown, SourceError>): boolean =>
  Exit.isSuccess(exit) || Option.exists(Cause.findErrorOption(exit.cause), ({ isRetryable }) => !isRetryable)

/**
 * Returns a function that asks over a session of `open`, one question at a time. It is opened with the first question, used
 * until it was idle for `idleTimeToLive`, and opened anew after a transient error or an interruption. Fails as `open` does.
 */
export const sharedSession = <Session>(open: Effect.Effect<Session, SourceError, Scope.Scope>) =>
  Effect.gen(function* () {
    const shared = yield* RcRef.make({ acquire: open, idleTimeToLive })
    const turn = yield* Semaphore.make(1)
    return <A>(ask: (session: Session) => Effect.Effect<A, SourceError>): Effect.Effect<A, SourceError> =>
      RcRef.get(shared).pipe(
        Effect.flatMap((session) =>
          Effect.onExit(ask(session), (exit) => (isUsable(exit) ? Effect.void : RcRef.invalidate(shared))),
        ),
        Effect.scoped,
        turn.withPermit,
      )
  })
