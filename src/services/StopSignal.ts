/** The wish of whoever runs the program that it should end: SIGINT or SIGTERM. */
import { Context, Effect } from "effect"

export const StopSignal = Context.Reference<{
  /** Ends when the wish is there. */
  readonly wished: Effect.Effect<void>
}>("afluente/services/StopSignal", { defaultValue: () => ({ wished: Effect.never }) })
