/** Traces and metrics for a collector of OpenTelemetry, where its standard variables name one. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { otlpSink } from "../../support/network/otlpSink.ts"
import { nobodysPort } from "../../support/network/ports.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import type { Environment } from "../../support/program/program.ts"

const secret = "a value that no collector may see"

const openExporting = Effect.fn("openExporting")(function* (settings: Environment = {}) {
  const sink = yield* otlpSink
  const pipeline = yield* openPipeline({
    setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
    tables: "public.t=coisas",
    settings: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_BSP_SCHEDULE_DELAY: "200",
      ...settings,
    },
  })
  yield* pipeline.createSlot
  yield* pipeline.sql(`INSERT INTO public.t VALUES (1, '${secret}')`)
  return { ...pipeline, sink }
})

const has = (found: ReadonlySet<string>, wanted: ReadonlyArray<string>) =>
  wanted.filter((name) => !found.has(name))

layer(TestPostgres.shared, { excludeTestServices: true })("OpenTelemetry", (it) => {
  it.effect(
    "gets the spans of a batch and the metrics, under our name and with the headers of the variable",
    () =>
      Effect.gen(function* () {
        const { run, sink } = yield* openExporting({ OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=loja" })
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        assert.deepStrictEqual(
          [
            has(sink.spans(), ["batch", "peek", "upload", "advance"]),
            has(sink.metrics(), ["afluente_changes_total", "afluente_batch_seconds", "afluente_lag_seconds"]),
            [...sink.services()],
            [...sink.header("x-tenant")],
          ],
          [[], [], ["afluente"], ["loja"]],
        )
      }),
  )

  it.effect("gets the spans of a full, under the name that OTEL_SERVICE_NAME gives", () =>
    Effect.gen(function* () {
      const { run, sink } = yield* openExporting({ OTEL_SERVICE_NAME: "loja-full" })
      assert.strictEqual((yield* run("full")).code, 0)
      assert.deepStrictEqual(
        [has(sink.spans(), ["full", "Full.copyTable"]), [...sink.services()]],
        [[], ["loja-full"]],
      )
    }),
  )

  it.effect("gets no value of a row, and no password", () =>
    Effect.gen(function* () {
      const { run, sink, database } = yield* openExporting()
      yield* run("full")
      yield* run("cdc", "--once")
      const told = sink.bodies.join("")
      const { password } = new URL(database.url)
      assert.isAbove(sink.bodies.length, 2)
      assert.deepStrictEqual([told.includes(secret), told.includes(password)], [false, false])
    }),
  )

  it.effect("that is not there does not fail the pipeline", () =>
    Effect.gen(function* () {
      const endpoint = `http://127.0.0.1:${nobodysPort}`
      const { run, lake } = yield* openExporting({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
      assert.strictEqual((yield* run("cdc", "--once")).code, 0)
      assert.strictEqual((yield* lake.objects("inc/")).length, 1)
    }),
  )

  it.effect("is told of a wrong address before anything is read", () =>
    Effect.gen(function* () {
      const { run } = yield* openExporting({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector" })
      const { code, stderr } = yield* run("cdc", "--once")
      assert.strictEqual(code, 2)
      assert.match(stderr, /OTEL_EXPORTER_OTLP_ENDPOINT/)
    }),
  )

  it.effect("is told of the very variable that is wrong, with how it would be right", () =>
    Effect.gen(function* () {
      const { run } = yield* openExporting({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })
      const { code, stderr } = yield* run("cdc", "--once")
      assert.strictEqual(code, 2)
      assert.include(stderr, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
      assert.notMatch(stderr, /ConfigError|SchemaError|ENDPOINT/)
    }),
  )
})
