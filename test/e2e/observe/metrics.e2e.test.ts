/** What a running program serves on METRICS_PORT, held to what it did. */
import { readFile } from "node:fs/promises"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { parse } from "yaml"
import { get, samplesOf } from "../../support/network/http.ts"
import { freePort } from "../../support/network/ports.ts"
import { tcpProxy } from "../../support/network/tcpProxy.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { type RunningProgram, startProgram } from "../../support/program/program.ts"

const setup = "CREATE TABLE public.t (id integer PRIMARY KEY, v text)"

const openServing = Effect.gen(function* () {
  const port = yield* freePort
  const settings = { METRICS_PORT: String(port), METRICS_HOST: "127.0.0.1" }
  const pipeline = yield* openPipeline({ setup, tables: "public.t=coisas", settings })
  yield* pipeline.createSlot
  return { ...pipeline, port, metrics: Effect.map(get(port, "/metrics"), ({ text }) => samplesOf(text)) }
})
type Serving = Effect.Success<typeof openServing>

const written = Effect.fn("written")(function* (pipeline: Pipeline) {
  const program = yield* pipeline.start("cdc")
  yield* pipeline.sql("INSERT INTO public.t VALUES (0, 'x')")
  yield* program.says("cdc: batch written")
  return program
})

const shows = ({ metrics }: Serving, program: RunningProgram, name: string, value: number) =>
  program.brings(
    `${name} is ${value}`,
    Effect.map(metrics, (samples) => samples.get(name) === value),
  )

const answers = ({ port }: Serving, program: RunningProgram, status: number) =>
  Effect.gen(function* () {
    yield* program.brings(
      `/healthz answers ${status}`,
      Effect.map(get(port, "/healthz"), (answer) => answer.status === status),
    )
    return yield* get(port, "/healthz")
  })

const documented = (file: string) =>
  Effect.promise(async () => {
    const text = await readFile(new URL(`../../../docs/${file}`, import.meta.url), "utf8")
    return [...new Set(text.match(/\bafluente_\w+/g))].toSorted()
  })

const decodeAlerts = Schema.decodeUnknownSync(
  Schema.Struct({
    groups: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        rules: Schema.Array(
          Schema.Struct({
            alert: Schema.String,
            expr: Schema.String,
            for: Schema.String,
            labels: Schema.Struct({ severity: Schema.Literals(["warning", "critical"]) }),
            annotations: Schema.Struct({
              summary: Schema.String,
              description: Schema.optionalKey(Schema.String),
            }),
          }),
        ),
      }),
    ),
  }),
  { onExcessProperty: "error" },
)

layer(TestPostgres.shared, { excludeTestServices: true })("METRICS_PORT", (it) => {
  it.effect("counts exactly the changes, objects and bytes that are in the lake", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      const { sql, lake, metrics } = serving
      const program = yield* written(serving)
      yield* sql(
        `INSERT INTO public.t SELECT n, 'y' FROM generate_series(1, 7) AS n; UPDATE public.t SET v = 'z' WHERE id < 5;
         DELETE FROM public.t WHERE id < 3; TRUNCATE public.t`,
      )
      yield* shows(serving, program, "afluente_batch_seconds_count", 2)
      const samples = yield* metrics
      const objects = yield* lake.objects("inc/")
      const bytes = yield* Effect.forEach(objects, lake.read)
      const expected = {
        'afluente_changes_total{dataset="coisas",op="I"}': 8,
        'afluente_changes_total{dataset="coisas",op="U"}': 5,
        'afluente_changes_total{dataset="coisas",op="D"}': 3,
        'afluente_changes_total{dataset="coisas",op="T"}': 1,
        'afluente_objects_total{dataset="coisas"}': objects.length,
        'afluente_bytes_total{dataset="coisas"}': bytes.reduce((sum, { length }) => sum + length, 0),
        afluente_batch_seconds_count: 2,
        'afluente_retries_total{service="source"}': 0,
        'afluente_retries_total{service="lake"}': 0,
        afluente_standby: 0,
      }
      assert.deepStrictEqual(
        Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)])),
        expected,
      )
    }),
  )

  it.effect("shows no lag where nothing waits, although others write", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      const program = yield* written(serving)
      yield* serving.sql("CREATE TABLE public.other AS SELECT generate_series(1, 1000)")
      yield* shows(serving, program, "afluente_lag_bytes", 0)
      yield* shows(serving, program, "afluente_lag_seconds", 0)
    }),
  )

  it.effect("answers for its health: well, then why it is not, then well again", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const serving = yield* openServing
      const program = yield* written(serving)
      assert.deepStrictEqual(yield* answers(serving, program, 200), { status: 200, text: "ok\n" })
      yield* server.stop("fast")
      const { text } = yield* answers(serving, program, 503)
      assert.match(text, /^source away since \d{4}-\d\d-\d\dT.*Z, trying again: Source, .*\n$/)
      const lag = (samples: ReadonlyMap<string, number>) => samples.get("afluente_lag_seconds") ?? 0
      const before = lag(yield* serving.metrics)
      yield* program.brings(
        "a lag that grows while the source is away",
        Effect.map(serving.metrics, (samples) => lag(samples) > before),
      )
      yield* server.restart
      yield* answers(serving, program, 200)
      const samples = yield* serving.metrics
      assert.isAbove(samples.get('afluente_retries_total{service="source"}') ?? 0, 0)
      yield* shows(serving, program, "afluente_lag_seconds", 0)
    }).pipe(Effect.provide(TestPostgres.layer())),
  )

  it.effect("misses a first batch that hangs", () =>
    Effect.gen(function* () {
      const network = yield* tcpProxy((yield* TestPostgres).server.port)
      const serving = yield* openServing
      const url = new URL(serving.environment["DATABASE_URL"] ?? "")
      url.port = String(network.port)
      yield* serving.sql("INSERT INTO public.t VALUES (0, 'x')")
      const asked = yield* network.freezeOnceAsked("pg_logical_slot_peek_changes")
      const began = Date.now() / 1000
      const program = yield* startProgram(["cdc"], { ...serving.environment, DATABASE_URL: url.href })
      yield* asked
      const sample = (name: string) => Effect.map(serving.metrics, (samples) => samples.get(name) ?? 0)
      yield* program.brings(
        "a lag that grows",
        Effect.map(sample("afluente_lag_seconds"), (seconds) => seconds > 2),
      )
      const success = sample("afluente_last_success_timestamp_seconds")
      assert.isAtLeast(yield* success, began)
      // The start counts as a success, and on a busy machine it may be some seconds later than what waits.
      yield* program.brings(
        "a last success that grows old",
        Effect.map(success, (at) => at < Date.now() / 1000 - 1),
      )
    }),
  )

  it.effect("says which of two is the standby, and that it is well", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      yield* written(serving)
      const port = yield* freePort
      const second = {
        ...serving,
        port,
        metrics: Effect.map(get(port, "/metrics"), (a) => samplesOf(a.text)),
      }
      const standby = yield* serving.start("cdc", "--metrics-port", String(port))
      yield* standby.says("cdc: standby")
      yield* shows(second, standby, "afluente_standby", 1)
      assert.deepStrictEqual(yield* get(port, "/healthz"), { status: 200, text: "standby\n" })
    }),
  )

  it.effect("ends with 2 and names the setting where the port is taken", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      yield* written(serving)
      const { code, stderr } = yield* serving.run("cdc")
      assert.strictEqual(code, 2)
      assert.match(stderr, /METRICS_PORT: the port \d+ is taken by another process/)
    }),
  )

  it.effect("lets a full run beside a cdc of the same settings, and says that it serves nothing", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      yield* written(serving)
      const { code, stderr } = yield* serving.run("full")
      assert.strictEqual(code, 0)
      assert.match(stderr, /level=WARN.*METRICS_PORT: the port \d+ is taken.*Nothing is served meanwhile/)
    }),
  )

  it.effect("serves every metric that the dashboard and the alerts ask for, and all that are promised", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      const program = yield* written(serving)
      yield* shows(serving, program, "afluente_batch_seconds_count", 1)
      yield* shows(serving, program, "afluente_lag_bytes", 0)
      const served = [...(yield* serving.metrics).keys()].map((name) => name.replace(/\{.*/, ""))
      const asked = [...(yield* documented("grafana-dashboard.json")), ...(yield* documented("alerts.yaml"))]
      assert.isAbove(asked.length, 10)
      assert.deepStrictEqual(
        asked.filter((name) => !served.includes(name)),
        [],
      )
      assert.deepStrictEqual(
        [...new Set(served)].filter((name) => !/_(bucket|sum|count)$/.test(name)).toSorted(),
        [
          "afluente_bytes_total",
          "afluente_changes_total",
          "afluente_lag_bytes",
          "afluente_lag_seconds",
          "afluente_last_success_timestamp_seconds",
          "afluente_objects_total",
          "afluente_retained_wal_bytes",
          "afluente_retries_total",
          "afluente_standby",
        ],
      )
    }),
  )

  it.effect("has alerts that Prometheus can read: a name, an expression, how long, and what it means", () =>
    Effect.gen(function* () {
      const text = yield* Effect.promise(() =>
        readFile(new URL("../../../docs/alerts.yaml", import.meta.url), "utf8"),
      )
      const { groups } = decodeAlerts(parse(text))
      const names = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
      assert.strictEqual(new Set(names).size, 7)
    }),
  )

  it.effect("serves full, too, while it copies", () =>
    Effect.gen(function* () {
      const serving = yield* openServing
      yield* serving.sql("BEGIN; LOCK TABLE public.t")
      const program = yield* serving.start("full")
      const { text } = yield* answers(serving, program, 200)
      assert.match(text, /^(ok|at work since .*)\n$/)
      yield* serving.sql("COMMIT")
      assert.strictEqual((yield* program.outcome).code, 0)
    }),
  )
})
