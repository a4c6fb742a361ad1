/**
 * Exports traces and metrics over OTLP/HTTP, by OpenTelemetry's own variables: `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_HEADERS`,
 * `…_PROTOCOL`, `OTEL_SERVICE_NAME` and the others that Effect reads. Spans contain names of datasets, never a row's value.
 */
import { Config, ConfigProvider, Effect, Layer, Schedule } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import { updateGauges } from "./Gauges.ts"

/** The standard's defaults if Effect has none. */
const defaults = ConfigProvider.fromUnknown({
  OTEL_SERVICE_NAME: "afluente",
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
})

/** The standard's default; a collector understands both. */
const serialization = Config.Literals(["http/protobuf", "http/json"], "OTEL_EXPORTER_OTLP_PROTOCOL").pipe(
  Config.withDefault("http/protobuf" as const),
  Effect.map((protocol) =>
    protocol === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf,
  ),
  Layer.unwrap,
)

/** Updates the gauges regularly, because an export reads their present values. */
const freshGauges = Layer.effectDiscard(
  Effect.forkScoped(Effect.repeat(updateGauges, Schedule.spaced("5 seconds"))),
)

export const layer = (variables: ConfigProvider.ConfigProvider) =>
  Layer.mergeAll(OtlpTracer.layerFromConfig(), OtlpMetrics.layerFromConfig(), freshGauges).pipe(
    Layer.provide(serialization),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.orElse(variables, defaults))),
  )
