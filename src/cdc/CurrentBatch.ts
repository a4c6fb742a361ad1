/**
 * The batch that a writer has in hand, and what it fails with first.
 *
 * A batch that has failed still runs its finalizers, which take time (an upload is aborted, a file removed). A session that
 * ends meanwhile must not be reported in its place. Interruption replaces the failure of a fiber in its finalizers, and
 * `raceFirst` drops the failure of the loser, so the first failure is noted before either.
 */
import { Context, Duration, Effect, Option, Ref, type Scope } from "effect"
import { isTransient } from "../retry/RetryPolicy.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { Refusal } from "../services/Refusal.ts"
import { StopSignal } from "../services/StopSignal.ts"
import type { SourceError } from "../services/source/SourceError.ts"

/** What a pipeline fails with. */
export type PipelineError = SourceError | StoreError | Refusal

/** What the current batch has failed with; none outside of `finishingBatchOnStop`. */
const FirstFailure = Context.Reference<Option.Option<Ref.Ref<Option.Option<PipelineError>>>>(
  "afluente/cdc/FirstFailure",
  { defaultValue: Option.none },
)

const noteFailure = (failure: Option.Option<PipelineError>) =>
  Effect.flatMap(
    FirstFailure,
    Option.match({ onNone: () => Effect.void, onSome: (ref) => Ref.set(ref, failure) }),
  )

const firstFailure = Effect.flatMap(
  FirstFailure,
  Option.match({ onNone: () => Effect.succeedNone, onSome: (ref) => Ref.get(ref) }),
)

/** Forgets the failure of an earlier batch: its rest is in the hands of the next one. */
export const forgetFailure: Effect.Effect<void> = noteFailure(Option.none())

const noted = <A, E extends PipelineError, R>(part: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapError(part, (error) => noteFailure(Option.some(error)))

/** Gives a part of a batch its scope, and notes its failure before the scope closes. Nothing in the batch recovers from it. */
export const notedInScope = <A, E extends PipelineError, R>(
  part: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> => Effect.scoped(noted(part))

/** Interrupts the batch as soon as `ended` fails. What the batch failed with before that is its failure. */
const unlessEnded = <A, E extends PipelineError, R>(
  batch: Effect.Effect<A, E, R>,
  ended: Effect.Effect<never, E>,
): Effect.Effect<A, E | PipelineError, R> =>
  Effect.raceFirst(
    batch,
    Effect.catch(ended, (end) =>
      Effect.flatMap(firstFailure, (first) => Effect.fail(Option.getOrElse(first, () => end))),
    ),
  )

/** When the program is asked to stop, its batch may take this much longer; then it is given up, which is safe too. */
export const grace = Duration.seconds(20)

/** Not interrupted by a stop before `grace` has passed. */
const finished = <A, E, R>(batch: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const stop = yield* StopSignal
    const givenUp = stop.requested.pipe(Effect.andThen(Effect.sleep(grace)), Effect.andThen(Effect.interrupt))
    return yield* Effect.uninterruptibleMask((restore) => Effect.raceFirst(restore(batch), restore(givenUp)))
  })

/**
 * Runs one batch as the current one: it is finished when the program is asked to stop, and interrupted as soon as the
 * session has `ended`, because a standby may be writing the same rows already.
 */
export const asCurrentBatch = <A, E extends PipelineError, R>(
  batch: Effect.Effect<A, E, R>,
  ended: Effect.Effect<never, E>,
): Effect.Effect<A, E | PipelineError, R> =>
  Effect.andThen(forgetFailure, finished(noted(unlessEnded(batch, ended))))

/**
 * Runs `work` until it ends or the program is asked to stop; then the current batch is finished first. Fails with the batch's
 * failure where that is permanent. A transient one is logged: the next start does the rest.
 */
export const finishingBatchOnStop = <E, R>(
  work: Effect.Effect<void, E, R>,
): Effect.Effect<void, E | PipelineError, Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const stop = yield* StopSignal
    const failed = yield* Ref.make(Option.none<PipelineError>())
    yield* Effect.raceFirst(
      Effect.provideService(Effect.scoped(work), FirstFailure, Option.some(failed)),
      Effect.andThen(stop.requested, Effect.logInfo("cdc: stopping")),
    )
    const last = yield* Ref.get(failed)
    if (Option.isNone(last)) return
    if (!isTransient(last.value)) return yield* last.value
    yield* Effect.logWarning(`cdc: the batch in hand is left to the next start. ${last.value.message}`)
  })
