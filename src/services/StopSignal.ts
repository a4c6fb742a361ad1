/** The request to stop: SIGINT or SIGTERM. */
import { Context, Effect } from "effect"

export const StopSignal = Context.Reference<{
  /** Succeeds when a stop is requested. */
  readonly wished: Effect.Effect<void>
}>("afluente/services/StopSignal", { defaultValue: () => ({ wished: Effect.never }) })
