/**
 * Runs the current batch of a writer, and keeps its first failure.
 *
 * A failed batch still runs its finalizers, which take time (abort an upload, remove a file). If the session ends meanwhile,
 * that must not be reported instead. Interruption replaces the failure of a fiber in its finalizers, and `raceFirst` drops the
 * loser's failure, so the first failure is kept in `FirstFailure` before either.
 */
import { Context, Duration, Effect, Option, Ref, type Scope } from "effect"
import { isTransient } from "../retry/RetryPolicy.ts"
import type { StoreError } from "../services/lake/StoreError.ts"
import type { Refusal } from "../services/Refusal.ts"
import { StopSignal } from "../services/StopSignal.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { TablesRefused } from "../services/source/TablesRefused.ts"

/** The errors of a pipeline. */
export type PipelineError = SourceError | StoreError | Refusal | TablesRefused

/** The first failure of the current batch; none outside of `finishingBatchOnStop`. */
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

/** Clears the failure of an earlier batch: the next batch does the rest of its work. */
export const forgetFailure: Effect.Effect<void> = noteFailure(Option.none())

const noted = <A, E extends PipelineError, R>(part: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapError(part, (error) => noteFailure(Option.some(error)))

/** Runs a part of a batch in its own scope, and keeps its failure before the scope closes. No batch recovers from it. */
export const notedInScope = <A, E extends PipelineError, R>(
  part: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> => Effect.scoped(noted(part))

/** Interrupts the batch as soon as `ended` fails. An earlier failure of the batch is kept. */
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

/** After a stop is requested the current batch may take this much longer. Then it is interrupted, which is safe too. */
export const grace = Duration.seconds(20)

/** Returns a batch that a stop interrupts only after `grace`. */
const finished = <A, E, R>(batch: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const stop = yield* StopSignal
    const givenUp = stop.requested.pipe(Effect.andThen(Effect.sleep(grace)), Effect.andThen(Effect.interrupt))
    return yield* Effect.uninterruptibleMask((restore) => Effect.raceFirst(restore(batch), restore(givenUp)))
  })

/**
 * Runs a batch as the current one. It is finished if a stop is requested, and interrupted as soon as the session has `ended`,
 * because a standby may already write the same rows.
 */
export const asCurrentBatch = <A, E extends PipelineError, R>(
  batch: Effect.Effect<A, E, R>,
  ended: Effect.Effect<never, E>,
): Effect.Effect<A, E | PipelineError, R> =>
  Effect.andThen(forgetFailure, finished(noted(unlessEnded(batch, ended))))

/**
 * Runs `work` until it ends or a stop is requested; then it waits for `drained` and finishes the current batch first. Fails
 * with the batch's failure if that is permanent. Logs a transient one: the next start does the rest.
 */
export const finishingBatchOnStop = <E, R>(
  work: Effect.Effect<void, E, R>,
  drained: Effect.Effect<void> = Effect.void,
): Effect.Effect<void, E | PipelineError, Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const stop = yield* StopSignal
    const failed = yield* Ref.make(Option.none<PipelineError>())
    yield* Effect.raceFirst(
      Effect.provideService(Effect.scoped(work), FirstFailure, Option.some(failed)),
      stop.requested.pipe(Effect.andThen(Effect.logInfo("cdc: stopping")), Effect.andThen(drained)),
    )
    const last = yield* Ref.get(failed)
    if (Option.isNone(last)) return
    if (!isTransient(last.value)) return yield* last.value
    yield* Effect.logWarning(`cdc: the batch in hand is left to the next start. ${last.value.message}`)
  })
