/** The writer's lock, held while a process writes. */
import { Effect, Option, Ref } from "effect"
import { reportingReads } from "../../observe/Activity.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { forgetFailure, type PipelineError } from "../CurrentBatch.ts"
import { countFenced, isFenced } from "../fence/FencedOut.ts"
import { retryWhileSlotInUse } from "./RetryWhileSlotInUse.ts"
import { attachOrWait, type WaitMode } from "./Standby.ts"

/**
 * Returns a combinator that runs `write` with the session that holds the lock. A standby waits for the lock first; with `once`
 * it succeeds without the lock after a while. It may be run again after a failure. Fails as `write` does, and with
 * `AnotherWriter` if another writer takes the lake over again and again although this one has the lock.
 */
export const writerLock = Effect.fnUntraced(function* (mode: WaitMode) {
  const fenced = yield* Ref.make<ReadonlyArray<number>>([])
  return <R>(write: (session: ChangeSession) => Effect.Effect<void, PipelineError, R>) =>
    Effect.gen(function* () {
      const attached = yield* attachOrWait(mode)
      if (Option.isNone(attached)) return
      yield* forgetFailure
      const session = reportingReads(retryWhileSlotInUse(attached.value))
      yield* Effect.catchIf(write(session), isFenced, (error) => countFenced(fenced, session, error))
    })
})
