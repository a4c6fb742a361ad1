/** Runs requests for many datasets side by side: a store answers each of them late, and has most of that time left. */
import { Effect } from "effect"

/** Requests in flight at most. */
const datasetsAtOnce = 16

/** Returns the results in the order of `all`. The first failure interrupts the other requests. */
export const forEachDataset = <A, B, E, R>(
  all: ReadonlyArray<A>,
  request: (one: A) => Effect.Effect<B, E, R>,
): Effect.Effect<Array<B>, E, R> => Effect.forEach(all, request, { concurrency: datasetsAtOnce })
