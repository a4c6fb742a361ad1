/** Ends a writer whose lake another one keeps taking over although this one holds the lock: a retry would not help. */

import { Clock, Duration, Effect, Ref } from "effect"
import { counted } from "../../core/text/CountedNoun.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import { Refusal } from "../../services/Refusal.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"

/** True if the lake has another writer by now. */
export const isFenced = (error: { readonly _tag: string }): error is StoreError =>
  error._tag === "StoreError" && "reason" in error && error.reason === "Fenced"

const timesMax = 3
const within = Duration.toMillis("1 minute")

const anotherLakeWriter = (times: number) =>
  new Refusal({
    reason: "AnotherWriter",
    problem: `Another writer writes to this lake: it has replaced this one's watermark ${counted(times, "time")} within a minute`,
    risk: "Two writers of one lake would repeat each other's rows",
    remedy:
      "Find the process with the same LAKE_URL and another slot or server, and give it a lake of its own",
  })

/**
 * Fails with `error`, which is `Fenced`; the third within a minute fails with `AnotherWriter`. Counts only while the session
 * has its lock. If the session has ended, a standby has taken over as intended, or the read of the slot was interrupted: the
 * lake's error came first and is reported.
 */
export const countFenced = Effect.fnUntraced(function* (
  times: Ref.Ref<ReadonlyArray<number>>,
  session: Pick<ChangeSession, "readState">,
  error: StoreError,
) {
  if (yield* Effect.isFailure(session.readState)) return yield* error
  const now = yield* Clock.currentTimeMillis
  const recent = yield* Ref.updateAndGet(times, (all) => [...all.filter((at) => now - at < within), now])
  return yield* Effect.fail(recent.length < timesMax ? error : anotherLakeWriter(recent.length))
})
