/** Serves `/metrics` for Prometheus and `/healthz` for a process manager, on `METRICS_PORT`. */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, Duration, Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { format } from "effect/observability/PrometheusMetrics"
import { healthOf } from "../../src/observe/Health.ts"
import { CurrentStatus } from "../../src/observe/ObservedPipeline.ts"
import { SettingsError } from "../../src/settings/Settings.ts"
import { updateGauges } from "./Gauges.ts"

const metrics = Effect.map(Effect.andThen(updateGauges, format()), (text) =>
  HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4; charset=utf-8" }),
)

/** Answers 200 if the process makes progress or stands by, else 503 with the reason. */
const health = (longestIdle: number) =>
  Effect.gen(function* () {
    const status = yield* (yield* CurrentStatus).get
    const { isWell, text } = healthOf(status, yield* Clock.currentTimeMillis, longestIdle)
    return HttpServerResponse.text(`${text}\n`, { status: isWell ? 200 : 503 })
  })

/** Milliseconds without a check of the slot that count as healthy: a slow poll, or several intervals if they are long. */
const longestIdle = (pollInterval: Duration.Duration): number =>
  Math.max(60_000, 10 * Duration.toMillis(pollInterval))

const cannotListen = (host: string, port: number, cause: unknown) => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
  const why =
    code === "EADDRINUSE"
      ? `the port ${port} is taken by another process`
      : `${host}:${port} cannot be listened on (${code})`
  const name = code === "EADDRNOTAVAIL" || code === "ENOTFOUND" ? "METRICS_HOST" : "METRICS_PORT"
  const example = name === "METRICS_HOST" ? "0.0.0.0" : String(port === 65_535 ? port - 1 : port + 1)
  return Layer.effectDiscard(
    Effect.fail(new SettingsError({ problems: [`${name}: ${why}. For example: ${name}=${example}`] })),
  )
}

export const layer = (
  host: string,
  port: number,
  pollInterval: Duration.Duration,
): Layer.Layer<never, SettingsError, CurrentStatus> =>
  HttpRouter.serve(
    Layer.mergeAll(
      HttpRouter.add("GET", "/metrics", metrics),
      HttpRouter.add("GET", "/healthz", health(longestIdle(pollInterval))),
    ),
    { disableLogger: true, disableListenLog: true },
  ).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { host, port })),
    Layer.catchTag("ServeError", ({ cause }) => cannotListen(host, port, cause)),
  )
