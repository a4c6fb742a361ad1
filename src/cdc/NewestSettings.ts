/** Takes settings that were read again at the boundary between two batches: all of them, or none. */
import { Effect, Option } from "effect"
import { isTransient } from "../retry/RetryPolicy.ts"
import type { LiveSettings } from "../settings/reload/LiveSettings.ts"
import { Settings } from "../settings/Settings.ts"
import type { PipelineError } from "./CurrentBatch.ts"

/** Runs with the settings in force. */
export const inForce =
  (live: LiveSettings) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Settings>> =>
    Effect.suspend(() => Effect.provideService(effect, Settings, live.inForce))

/**
 * Begins with the settings that were read again, and puts them into force. Returns none if there are none, or they cannot be
 * used: that is logged. Fails as `begin` does if the failure is not one of the settings.
 */
export const withNewest = Effect.fnUntraced(function* <A, E extends PipelineError, R>(
  live: LiveSettings,
  begin: Effect.Effect<A, E, R>,
): Effect.fn.Return<Option.Option<A>, E, Exclude<R, Settings>> {
  const { next } = live
  if (Option.isNone(next)) return Option.none()
  const begun = yield* Effect.provideService(begin, Settings, next.value).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error: E) => !isTransient(error),
      (error) =>
        Effect.as(
          Effect.logError(
            `cdc: the settings that were read again are not used, the old ones stay. ${error.message}`,
          ),
          Option.none<A>(),
        ),
    ),
  )
  if (Option.isNone(begun)) {
    live.refuse(next.value)
    return Option.none()
  }
  live.take(next.value)
  yield* Effect.logInfo("cdc: the settings that were read again are in force")
  return begun
})
