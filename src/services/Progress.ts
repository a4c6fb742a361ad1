/** Shows the progress of a long step on a terminal. Silent elsewhere, where the log reports its end. */
import { Context, Effect, Layer, type Scope } from "effect"

export interface ProgressBar {
  readonly advance: (bytes: number) => void
}

export class Progress extends Context.Service<
  Progress,
  {
    /** Shows a bar until the scope closes. `estimatedBytes` is the server's estimate; no bar is shown if it is 0. */
    readonly show: (label: string, estimatedBytes: number) => Effect.Effect<ProgressBar, never, Scope.Scope>
  }
>()("afluente/services/Progress") {
  static readonly silent = Layer.succeed(
    Progress,
    Progress.of({ show: () => Effect.succeed({ advance: () => {} }) }),
  )
}
