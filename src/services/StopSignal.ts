/** The request to stop: SIGINT or SIGTERM. */
import { Context, Effect } from "effect"

export const StopSignal = Context.Reference<{
  /** Succeeds when a stop is requested. */
  readonly requested: Effect.Effect<void>
}>("afluente/services/StopSignal", { defaultValue: () => ({ requested: Effect.never }) })
