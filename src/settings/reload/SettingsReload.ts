/** Reads the settings again whenever that is requested. */
import { Effect } from "effect"
import type { Settings, SettingsError } from "../Settings.ts"
import { type LiveSettings, needRestart } from "./LiveSettings.ts"

/**
 * Waits for each request (`requested`), reads, and offers what was read. Settings that cannot be used are logged, and the old
 * ones stay. Runs until it is interrupted.
 */
export const reloadOnRequest = <R>(
  live: LiveSettings,
  requested: Effect.Effect<void>,
  read: Effect.Effect<Settings["Service"], SettingsError, R>,
) =>
  Effect.gen(function* () {
    yield* requested
    yield* Effect.logInfo("cdc: reading the settings again")
    const settings = yield* read
    const fixed = needRestart(live.inForce, settings)
    if (fixed.length > 0)
      yield* Effect.logWarning(`cdc: changed, and needs a restart to apply: ${fixed.join("; ")}`)
    live.offer(settings)
  }).pipe(
    Effect.catch(({ message }) => Effect.logError(`cdc: the old settings stay. ${message}`)),
    Effect.forever,
  )
