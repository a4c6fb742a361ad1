/**
 * Which of two failures is the cause. A batch that has failed still runs its finalizers, which take time (an upload is
 * taken back, a file removed); a session that ends meanwhile must not be reported in its place. Interruption replaces the
 * failure of a fiber in its finalizers, so the failure is noted before they run.
 */
import { Context, Effect, Option, Ref, type Scope } from "effect"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { Refusal } from "../services/Refusal.ts"
import type { SourceError } from "../services/source/SourceError.ts"

type Failure = SourceError | StoreError | Refusal

/** Where the batch in hand notes what it fails with. */
const BatchFailure = Context.Reference<Option.Option<Ref.Ref<Option.Option<Failure>>>>(
  "afluente/cdc/BatchFailure",
  { defaultValue: Option.none },
)

/** Gives a part of a batch its scope, and notes its failure before the scope closes. Nothing in the batch recovers from it. */
export const notedInScope = <A, E extends Failure, R>(
  part: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.scoped(
    Effect.tapError(part, (error) =>
      Effect.flatMap(
        BatchFailure,
        Option.match({ onNone: () => Effect.void, onSome: (ref) => Ref.set(ref, Option.some(error)) }),
      ),
    ),
  )

/** The batch, given up as soon as `ended` fails. What it failed with before that is its failure. */
export const unlessEnded = <A, E extends Failure, R>(
  batch: Effect.Effect<A, E, R>,
  ended: Effect.Effect<never, E>,
  failed: Ref.Ref<Option.Option<Failure>>,
): Effect.Effect<A, E | Failure, R> =>
  Effect.raceFirst(
    Effect.provideService(batch, BatchFailure, Option.some(failed)),
    Effect.catch(ended, (end) =>
      Effect.flatMap(Ref.get(failed), (first) => Effect.fail(Option.getOrElse(first, () => end))),
    ),
  )
