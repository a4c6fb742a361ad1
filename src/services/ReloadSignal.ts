/** The request to read the settings again: SIGHUP. */
import { Context, Effect, type Scope } from "effect"

export const ReloadSignal = Context.Reference<{
  /**
   * From now on the signal is a request, until the scope closes; before and after that it ends the process. Returns an effect
   * that waits for the next request. Requests that come while nobody waits count as one.
   */
  readonly listen: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
}>("afluente/services/ReloadSignal", { defaultValue: () => ({ listen: Effect.succeed(Effect.never) }) })
