/** The liveness lock of a `cdc` process: it keeps the slot from being dropped while the process has no writing session. */
import { Effect, Option } from "effect"
import { backOff } from "../../retry/RetryPolicy.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"

/**
 * Holds the lock as long as the process lives, whether it writes, stands by or waits for its lake. Never fails: the writer
 * reports an unreachable source, and the lock is taken again when the source answers.
 */
export const holdLivenessLock = Effect.gen(function* () {
  const { takeLivenessLock } = yield* ReplicationSlot
  let failures = 0
  const untilLost = Effect.flatMap(
    takeLivenessLock,
    Option.match({
      onNone: () => Effect.void,
      onSome: ({ ended }) => {
        failures = 0
        return ended
      },
    }),
  )
  while (true) {
    yield* Effect.ignore(Effect.scoped(untilLost))
    failures++
    yield* Effect.sleep(yield* backOff(failures))
  }
})
