/** What others see of a running `full` or `cdc`. Loaded only where it is asked for: `--help` needs no HTTP server. */
import { Cause, Config, type ConfigProvider, Effect, Layer, Option } from "effect"
import { beginCounting } from "../src/services/Metrics.ts"
import { Settings, SettingsError } from "../src/settings/Settings.ts"

/** `full` beside a `cdc` of the same settings finds the port taken, and has better things to do than to fail. */
const orWithout = (server: Layer.Layer<never, SettingsError>): Layer.Layer<never> =>
  Layer.catch(server, ({ problems }) =>
    Layer.effectDiscard(Effect.logWarning(`${problems.join(" ")}. Nothing is served meanwhile.`)),
  )

const served = (command: "full" | "cdc") =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { metricsPort, metricsHost, pollInterval, tables } = yield* Settings
      yield* beginCounting(tables.map(({ dataset }) => dataset))
      if (Option.isNone(metricsPort)) return Layer.empty
      const server = yield* Effect.promise(() => import("./MetricsServer.ts"))
      const listening = server.layer(metricsHost, metricsPort.value, pollInterval)
      return command === "full" ? orWithout(listening) : listening
    }),
  )

const endpoints = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
]

const cannotBeUsed = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  const why = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ")
  const example = "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"
  return Layer.effectDiscard(
    Effect.fail(new SettingsError({ problems: [`OTEL_…: ${why}. For example: ${example}`] })),
  )
}

const exported = (variables: ConfigProvider.ConfigProvider) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const asked = yield* Effect.forEach(endpoints, (name) =>
        Config.option(Config.String(name)).parse(variables),
      )
      if (asked.every(Option.isNone)) return Layer.empty
      const openTelemetry = yield* Effect.promise(() => import("./OpenTelemetry.ts"))
      return openTelemetry.layer(variables)
    }),
  ).pipe(Layer.catchCause(cannotBeUsed))

/** `variables`: where the settings were read, for those of OpenTelemetry. */
export const layer = (
  command: "full" | "cdc",
  variables: ConfigProvider.ConfigProvider,
): Layer.Layer<never, SettingsError, Settings> => Layer.mergeAll(served(command), exported(variables))
