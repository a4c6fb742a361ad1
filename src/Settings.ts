/**
 * Every setting, with its default and an example. The environment is read first (a `.env` file too, the environment
 * wins); flags override. All problems are told together.
 */
import {
  Config,
  Context,
  type Duration,
  Effect,
  Layer,
  LogLevel,
  Option,
  Redacted,
  Result,
  Runtime,
  Schema,
} from "effect"
import { parseDuration } from "./core/DurationText.ts"
import { type LakeUrl, parseLakeUrl } from "./core/LakeUrl.ts"
import { parseDatabaseUrl, type SourceAddress, sslModes } from "./core/SourceAddress.ts"
import { parseSourceTables, type SourceTable } from "./core/SourceTable.ts"
import type { Layout } from "./core/Watermark.ts"

export interface S3Access {
  readonly endpoint: URL
  readonly accessKey: string
  readonly secretKey: Redacted.Redacted
  readonly sessionToken: Option.Option<Redacted.Redacted>
  readonly region: string
}

export const logFormats = ["pretty", "logfmt", "json"] as const
export type LogFormat = (typeof logFormats)[number]

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "none"] as const

export class Settings extends Context.Service<
  Settings,
  {
    readonly source: SourceAddress
    readonly tables: ReadonlyArray<SourceTable>
    readonly slot: string
    readonly pollInterval: Duration.Duration
    readonly lake: LakeUrl
    /** Used with `s3://` only; none where the keys are missing and not needed. */
    readonly s3: Option.Option<S3Access>
    /** None: what the lake remembers, else `single` with one table and `datasets` with several. */
    readonly layout: Option.Option<Layout>
    /** Soft bound of one peek, in slot lines. Not a bound of memory, which does not depend on it. */
    readonly batchMaxChanges: number
    readonly logLevel: LogLevel.LogLevel
    /** None: `pretty` on a terminal, else `logfmt`. */
    readonly logFormat: Option.Option<LogFormat>
  }
>()("afluente/Settings") {
  static readonly layer = Layer.effect(
    Settings,
    Effect.suspend(() => load),
  )
}

/** Settings that cannot be used: exit 2. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  problems: Schema.Array(Schema.String),
}) {
  override readonly [Runtime.errorExitCode] = 2
  override get message(): string {
    const count = this.problems.length
    return [
      count === 1 ? "A setting cannot be used:" : `${count} settings cannot be used:`,
      ...this.problems.map((problem) => `  - ${problem}`),
      "Correct them in the environment, in .env or by flags; README.md lists them all.",
    ].join("\n")
  }
}

type Problems = ReadonlyArray<string>
type Reading<A> = Effect.Effect<A, Problems>

/** Runs every part and tells the problems of all, where `Effect.all` would stop at the first. */
const together = <Parts extends Record<string, Reading<unknown>>>(
  parts: Parts,
): Reading<{ readonly [K in keyof Parts]: Effect.Success<Parts[K]> }> =>
  Effect.flatMap(
    Effect.forEach(Object.entries(parts), ([key, part]) =>
      Effect.map(Effect.result(part), (r) => [key, r] as const),
    ),
    (read) => {
      const problems = read.flatMap(([, r]) => (Result.isFailure(r) ? r.failure : []))
      if (problems.length > 0) return Effect.fail(problems)
      const values = read.map(([key, r]) => [key, Result.isSuccess(r) ? r.success : undefined] as const)
      // Every part succeeded, so that each key holds its own part's value.
      return Effect.succeed(Object.fromEntries(values) as { [K in keyof Parts]: Effect.Success<Parts[K]> })
    },
  )

/** Names the variable, what was wrong and how it would be right. */
const problem = (name: string, example: string, why: string): Problems => [
  `${name}: ${why}. For example: ${name}=${example}`,
]

const variable = <A>(name: string, example: string, config: Config.Config<A>): Reading<A> =>
  Effect.mapError(config, (error) =>
    // Effect adds the path of the key on a line of its own; the variable is named in front already.
    problem(name, example, error.cause.message.split("\n")[0] ?? "it cannot be read"),
  )

const text = (name: string) => variable(name, "text", Config.option(Config.String(name)))
const secret = (name: string) => variable(name, "text", Config.option(Config.Redacted(name)))

const parsed = <A>(
  name: string,
  example: string,
  fallback: string,
  parse: (text: string) => Result.Result<A, string>,
): Reading<A> =>
  variable(name, example, Config.String(name).pipe(Config.withDefault(fallback))).pipe(
    Effect.flatMap((value) =>
      Effect.mapError(Effect.fromResult(parse(value)), (why) => problem(name, example, why)),
    ),
  )

/** The first that is set: MinIO's own variables win over those of AWS. */
const first = <A>(...readings: ReadonlyArray<Reading<Option.Option<A>>>) =>
  Effect.map(Effect.all(readings), (values) => Option.firstSomeOf(values))

const parseSlot = (name: string): Result.Result<string, string> =>
  /^[a-z0-9_]{1,63}$/.test(name)
    ? Result.succeed(name)
    : Result.fail("a slot's name has 1 to 63 lower-case letters, digits and underscores")

const parseEndpoint = (value: string): Result.Result<URL, string> => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return (url?.protocol === "http:" || url?.protocol === "https:") &&
    url.pathname === "/" &&
    url.username === ""
    ? Result.succeed(url)
    : Result.fail("an http or https address without path and user is expected")
}

const parseLogLevel = (text: string): Result.Result<LogLevel.LogLevel, string> => {
  const level = LogLevel.values.find((known) => known.toLowerCase() === text.toLowerCase())
  return level === undefined
    ? Result.fail(`one of ${logLevels.join(", ")} is expected`)
    : Result.succeed(level)
}

const source: Reading<SourceAddress> = Effect.gen(function* () {
  const read = yield* together({
    url: Effect.flatMap(secret("DATABASE_URL"), (url) =>
      Option.isNone(url)
        ? Effect.succeed<Partial<SourceAddress>>({})
        : Effect.mapError(Effect.fromResult(parseDatabaseUrl(Redacted.value(url.value))), (why) =>
            problem("DATABASE_URL", "postgres://user:password@host:5432/database", why),
          ),
    ),
    host: text("PGHOST"),
    port: variable("PGPORT", "5432", Config.Port("PGPORT").pipe(Config.withDefault(5432))),
    user: text("PGUSER"),
    password: secret("PGPASSWORD"),
    database: text("PGDATABASE"),
    sslMode: variable(
      "PGSSLMODE",
      "require",
      Config.Literals(sslModes, "PGSSLMODE").pipe(Config.withDefault("prefer" as const)),
    ),
    sslRootCert: text("PGSSLROOTCERT"),
  })
  const { url, ...variables } = read
  return { ...variables, ...url }
})

const s3: Reading<Option.Option<S3Access>> = Effect.gen(function* () {
  const read = yield* together({
    endpoint: Effect.flatMap(first(text("MINIO_ENDPOINT"), text("AWS_ENDPOINT_URL_S3")), (given) =>
      Effect.mapError(
        Effect.fromResult(parseEndpoint(Option.getOrElse(given, () => "http://localhost:9000"))),
        (why) => problem("MINIO_ENDPOINT", "http://localhost:9000", why),
      ),
    ),
    accessKey: first(text("MINIO_ACCESS_KEY"), text("AWS_ACCESS_KEY_ID")),
    secretKey: first(secret("MINIO_SECRET_KEY"), secret("AWS_SECRET_ACCESS_KEY")),
    sessionToken: secret("AWS_SESSION_TOKEN"),
    region: first(text("MINIO_REGION"), text("AWS_REGION")),
  })
  return Option.map(Option.all({ accessKey: read.accessKey, secretKey: read.secretKey }), (keys) => ({
    ...keys,
    endpoint: read.endpoint,
    sessionToken: read.sessionToken,
    region: Option.getOrElse(read.region, () => "us-east-1"),
  }))
})

const keysWhereNeeded = Effect.gen(function* () {
  const lake = yield* Effect.option(parsed("LAKE_URL", "s3://raw", "s3://raw", parseLakeUrl))
  const access = yield* s3
  if (Option.isNone(lake) || lake.value._tag === "Folder" || Option.isSome(access)) return access
  return yield* Effect.fail([
    "MINIO_ACCESS_KEY, MINIO_SECRET_KEY: both are needed to reach the bucket. For a lake in a folder set LAKE_URL=file:./lake",
  ])
})

const load = together({
  source,
  tables: parsed("SOURCE_TABLES", "db_loja.cliente=clientes", "db_loja.cliente=clientes", parseSourceTables),
  slot: parsed("REPLICATION_SLOT", "data_sync_slot", "data_sync_slot", parseSlot),
  pollInterval: parsed("POLL_INTERVAL", "2s", "2 seconds", parseDuration),
  lake: parsed("LAKE_URL", "s3://raw", "s3://raw", parseLakeUrl),
  s3: keysWhereNeeded,
  layout: variable(
    "LAKE_LAYOUT",
    "datasets",
    Config.option(Config.Literals(["single", "datasets"], "LAKE_LAYOUT")),
  ),
  logLevel: parsed("LOG_LEVEL", "debug", "info", parseLogLevel),
  logFormat: variable("LOG_FORMAT", "json", Config.option(Config.Literals(logFormats, "LOG_FORMAT"))),
  batchMaxChanges: variable(
    "BATCH_MAX_CHANGES",
    "1000000",
    Config.schema(
      Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 2_147_483_647 })),
      "BATCH_MAX_CHANGES",
    ).pipe(Config.withDefault(1_000_000)),
  ),
}).pipe(Effect.mapError((problems) => new SettingsError({ problems })))
