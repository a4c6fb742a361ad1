/** A collector of OpenTelemetry on loopback that keeps what it is sent, as `http/json`. */
import { createServer } from "node:http"
import { Effect, Schema, type Scope } from "effect"
import { listening } from "./ports.ts"

const Named = Schema.Struct({ name: Schema.String })
const Attribute = Schema.Struct({
  key: Schema.String,
  value: Schema.Struct({ stringValue: Schema.optional(Schema.String) }),
})
const Resource = Schema.Struct({ attributes: Schema.Array(Attribute) })
const Traces = Schema.fromJsonString(
  Schema.Struct({
    resourceSpans: Schema.Array(
      Schema.Struct({
        resource: Resource,
        scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Named) })),
      }),
    ),
  }),
)
const Metrics = Schema.fromJsonString(
  Schema.Struct({
    resourceMetrics: Schema.Array(
      Schema.Struct({
        resource: Resource,
        scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Named) })),
      }),
    ),
  }),
)

const decodeTraces = Schema.decodeUnknownSync(Traces)
const decodeMetrics = Schema.decodeUnknownSync(Metrics)

export interface OtlpSink {
  readonly url: string
  readonly spans: () => ReadonlySet<string>
  readonly metrics: () => ReadonlySet<string>
  readonly services: () => ReadonlySet<string>
  /** Bodies as they came. */
  readonly bodies: ReadonlyArray<string>
  /** The header of this name, of every request. */
  readonly header: (name: string) => ReadonlySet<string>
}

export const otlpSink: Effect.Effect<OtlpSink, never, Scope.Scope> = Effect.gen(function* () {
  const asked: Array<{
    readonly path: string
    readonly body: string
    readonly headers: NodeJS.Dict<unknown>
  }> = []
  const bodies: Array<string> = []
  const server = createServer((request, answer) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text
    })
    request.on("end", () => {
      asked.push({ path: request.url ?? "", body, headers: request.headers })
      bodies.push(body)
      answer.setHeader("content-type", "application/json").end("{}")
    })
  })
  const port = yield* listening(server, () => server.closeAllConnections())
  const traces = () =>
    asked.flatMap(({ path, body }) => (path === "/v1/traces" ? decodeTraces(body).resourceSpans : []))
  const metrics = () =>
    asked.flatMap(({ path, body }) => (path === "/v1/metrics" ? decodeMetrics(body).resourceMetrics : []))
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    spans: () =>
      new Set(
        traces().flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
        ),
      ),
    metrics: () =>
      new Set(
        metrics().flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap((scope) => scope.metrics.map(({ name }) => name)),
        ),
      ),
    services: () =>
      new Set(
        [...traces(), ...metrics()].flatMap(({ resource }) =>
          resource.attributes.flatMap(({ key, value }) =>
            key === "service.name" ? [value.stringValue ?? ""] : [],
          ),
        ),
      ),
    header: (name) => new Set(asked.map(({ headers }) => String(headers[name]))),
  }
})
