/** A `cdc` that has no session of its own for a while still lives: nobody may take its slot away meanwhile. */
import { Effect, Option } from "effect"
import { backOff } from "../../retry/RetryPolicy.ts"
import { ReplicationSlot } from "../../services/source/ReplicationSlot.ts"

/**
 * Lets this process be seen for as long as it lives, whether it writes, stands by or waits for its lake. Where the
 * source is away it cannot be, and comes back by itself; that the source is away, the writer tells.
 */
export const beSeen = Effect.gen(function* () {
  const { attend } = yield* ReplicationSlot
  let failures = 0
  const untilUnseen = Effect.flatMap(
    attend,
    Option.match({
      onNone: () => Effect.void,
      onSome: ({ ended }) => {
        failures = 0
        return ended
      },
    }),
  )
  while (true) {
    yield* Effect.ignore(Effect.scoped(untilUnseen))
    failures++
    yield* Effect.sleep(yield* backOff(failures))
  }
})
