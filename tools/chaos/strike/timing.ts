/** Waiting with a limit. */
import { setTimeout } from "node:timers/promises"

/** Undefined where the promise took longer. */
export const within = <A>(millis: number, promise: Promise<A>): Promise<A | undefined> => {
  const waiting = new AbortController()
  return Promise.race([
    promise,
    setTimeout(millis, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]).finally(() => waiting.abort())
}

/** Whether the condition came to hold in time. */
export const until = async (holds: () => boolean, millis: number): Promise<boolean> => {
  const end = performance.now() + millis
  while (!holds() && performance.now() < end) await setTimeout(2)
  return holds()
}
