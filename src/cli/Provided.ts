/** Provides a command with its settings and services, and ends it when a stop is requested. */
import { ConfigProvider, Effect, FileSystem, Layer, Option } from "effect"
import * as ObservedPipeline from "../observe/ObservedPipeline.ts"
import { ReloadSignal } from "../services/ReloadSignal.ts"
import { StopSignal } from "../services/StopSignal.ts"
import { CurrentSettings, LiveSettings } from "../settings/reload/LiveSettings.ts"
import { reloadOnRequest } from "../settings/reload/SettingsReload.ts"
import { Settings, SettingsError } from "../settings/Settings.ts"
import { onStderr, unlessStopped } from "./CommandLine.ts"
import { asVariables, type SettingFlags } from "./Flags.ts"
import type { Host, Services } from "./Host.ts"

const settingsOf = (variables: ConfigProvider.ConfigProvider) =>
  Settings.pipe(
    // Fresh: settings that are read again are others.
    Effect.provide(Layer.fresh(Settings.layer)),
    Effect.provideService(ConfigProvider.ConfigProvider, variables),
  )

/** Reads flags first, then the environment, then `.env` if it exists. */
const configured = (flags: SettingFlags) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const fromFile = (yield* files.exists(".env")) ? [yield* ConfigProvider.fromDotEnv({ path: ".env" })] : []
    return [ConfigProvider.fromEnv(), ...fromFile].reduce(
      (first, next) => ConfigProvider.orElse(first, next),
      ConfigProvider.fromUnknown(asVariables(flags)),
    )
  }).pipe(
    Effect.mapError(({ cause, message }) => {
      const why = cause instanceof Error ? cause.message : message
      return new SettingsError({
        problems: [`.env: it cannot be read (${why}). It must be a file of lines such as PGHOST=localhost`],
      })
    }),
  )

/** Runs a program with the services that the settings name, and logs its failure. */
export const provided = <A, E, R>(
  host: Host,
  variables: ConfigProvider.ConfigProvider,
  program: Effect.Effect<A, E, R | Services>,
) =>
  Effect.gen(function* () {
    const settings = yield* onStderr(settingsOf(variables))
    const live = new LiveSettings(settings)
    return yield* program.pipe(
      Effect.provide(host.services(settings)),
      Effect.tapCause(unlessStopped(Effect.logError)),
      Effect.provide(host.logging(() => live.inForce)),
      Effect.provideService(CurrentSettings, Option.some(live)),
    )
  })

export const withSettings = <A, E, R>(
  host: Host,
  flags: SettingFlags,
  program: Effect.Effect<A, E, R | Services>,
) => Effect.flatMap(onStderr(configured(flags)), (variables) => provided(host, variables, program))

/** Like `withSettings`, with `/metrics`, `/healthz` and OpenTelemetry if they are configured. */
export const observed = <A, E, R>(
  host: Host,
  command: "full" | "cdc",
  flags: SettingFlags,
  program: Effect.Effect<A, E, R | Services | ObservedPipeline.CurrentStatus>,
) =>
  Effect.flatMap(onStderr(configured(flags)), (variables) => {
    const telemetry = host.telemetry(command, variables)
    return provided(
      host,
      variables,
      Effect.provide(program, Layer.provideMerge(telemetry, ObservedPipeline.layer)),
    )
  })

/** Runs `program`, and reads its settings again on SIGHUP: `program` takes them when it can. */
export const reloading = <A, E, R>(flags: SettingFlags, program: Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const live = yield* CurrentSettings
      const { listen } = yield* ReloadSignal
      if (Option.isSome(live)) {
        const read = Effect.flatMap(configured(flags), settingsOf)
        yield* Effect.forkScoped(reloadOnRequest(live.value, yield* listen, read))
      }
      return yield* program
    }),
  )

/** Ends as interrupted (130) when a stop is requested. `cdc` does not use it, because it finishes its batch. */
export const untilStopped = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(StopSignal, (stop) =>
    Effect.raceFirst(program, Effect.andThen(stop.requested, Effect.interrupt)),
  )

/** Succeeds when a stop is requested, for programs without an end. */
export const endedByStop = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(StopSignal, (stop) => Effect.raceFirst(Effect.asVoid(program), stop.requested))

/** Provides the demo's database: the one that the settings name. */
export const withDemoDatabase = <A, E, R>(host: Host, program: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Settings, ({ source }) => Effect.provide(program, host.demoDatabase(source)))
