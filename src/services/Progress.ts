/** Tells a person in front of a terminal how far something long has come. Silent elsewhere: logs tell the end of it. */
import { Context, Effect, Layer, type Scope } from "effect"

export interface ProgressBar {
  readonly advance: (bytes: number) => void
}

export class Progress extends Context.Service<
  Progress,
  {
    /** Shown until the scope closes. `estimatedBytes` is the server's guess; none is shown where it is 0. */
    readonly show: (label: string, estimatedBytes: number) => Effect.Effect<ProgressBar, never, Scope.Scope>
  }
>()("afluente/services/Progress") {
  static readonly silent = Layer.succeed(
    Progress,
    Progress.of({ show: () => Effect.succeed({ advance: () => {} }) }),
  )
}
