/** Runs requests for many datasets at once: a store takes long to answer one, and can serve others meanwhile. */
import { Effect } from "effect"

/** The greatest number of requests in flight. */
const datasetsAtOnce = 16

/** Returns the results in the order of `all`. The first failure interrupts the other requests. */
export const forEachDataset = <A, B, E, R>(
  all: ReadonlyArray<A>,
  request: (one: A) => Effect.Effect<B, E, R>,
): Effect.Effect<Array<B>, E, R> => Effect.forEach(all, request, { concurrency: datasetsAtOnce })
