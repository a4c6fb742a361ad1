/** Metrics, health and traces of a running `full` or `cdc`. Modules are loaded on demand: `--help` needs no HTTP server. */
import { Cause, Config, type ConfigProvider, Effect, Layer, Option } from "effect"
import { namedTables } from "../../src/core/tables/TableEntry.ts"
import type { CurrentStatus } from "../../src/observe/ObservedPipeline.ts"
import { firstSamples, record } from "../../src/observe/PipelineMetrics.ts"
import { Settings, SettingsError } from "../../src/settings/Settings.ts"

/** Warns if the port is taken: `full` runs beside a `cdc` with the same settings, and must not fail. */
const orWithout = <R>(server: Layer.Layer<never, SettingsError, R>): Layer.Layer<never, never, R> =>
  Layer.catch(server, ({ problems }) =>
    Layer.effectDiscard(Effect.logWarning(`${problems.join(" ")}. Nothing is served meanwhile.`)),
  )

const served = (command: "full" | "cdc") =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { metricsPort, metricsHost, pollInterval, tables } = yield* Settings
      yield* record(firstSamples(namedTables(tables).map(({ dataset }) => dataset)))
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

/** Examples by the ending of a variable's name. */
const examples: ReadonlyArray<readonly [RegExp, string]> = [
  [/_PROTOCOL$/, "http/protobuf"],
  [/_COMPRESSION$/, "gzip"],
  [/_PREFERENCE$/, "cumulative"],
  [/_DISABLED$/, "false"],
  [/_(TIMEOUT|INTERVAL|DELAY|SIZE)$/, "1000"],
]

/** Effect's message says what it expected, and on the next line the variable. */
const otelProblem = (error: unknown): string => {
  const message = error instanceof Config.ConfigError ? error.cause.message : ""
  const [, why, name] = /^(.+?)\s+at \["(OTEL_\w+)"\]/s.exec(message) ?? []
  const example = examples.find(([ending]) => ending.test(name ?? ""))?.[1]
  if (why !== undefined && example !== undefined) return `${name}: ${why}. For example: ${name}=${example}`
  const detail = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ")
  return `OTEL_…: ${detail}. For example: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318`
}

const cannotBeUsed = (cause: Cause.Cause<unknown>) =>
  Layer.effectDiscard(Effect.fail(new SettingsError({ problems: [otelProblem(Cause.squash(cause))] })))

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

/** `variables` are the source of the settings, from which those of OpenTelemetry are read too. */
export const layer = (
  command: "full" | "cdc",
  variables: ConfigProvider.ConfigProvider,
): Layer.Layer<never, SettingsError, Settings | CurrentStatus> =>
  Layer.mergeAll(served(command), exported(variables))
