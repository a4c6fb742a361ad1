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
  Result,
  Runtime,
  Schema,
} from "effect"
import type { Layout } from "../core/lake/Watermark.ts"
import type { SourceAddress } from "../core/source/SourceAddress.ts"
import { parseSourceTables, type SourceTable } from "../core/source/SourceTable.ts"
import { parseDuration } from "./DurationText.ts"
import { keysWhereNeeded, lakeUmask, lakeUrl, type S3Access } from "./LakeSettings.ts"
import type { LakeUrl } from "./LakeUrl.ts"
import { parsed, parsedIfSet, text, together, variable, wholeNumber } from "./SettingReading.ts"
import { source } from "./SourceSettings.ts"

const logFormats = ["pretty", "logfmt", "json"] as const
export type LogFormat = (typeof logFormats)[number]

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "none"] as const

const compressions = ["none", "gzip"] as const
export type Compression = (typeof compressions)[number]

export class Settings extends Context.Service<
  Settings,
  {
    readonly source: SourceAddress
    readonly tables: ReadonlyArray<SourceTable>
    readonly slot: string
    readonly pollInterval: Duration.Duration
    readonly lake: LakeUrl
    /** Of a lake in a folder: rights that its files and folders do not give. */
    readonly lakeUmask: number
    /** Used with `s3://` only; none where the keys are missing and not needed. */
    readonly s3: Option.Option<S3Access>
    /** None: what the lake remembers, else `single` with one table and `datasets` with several. */
    readonly layout: Option.Option<Layout>
    /** Soft bound of one peek, in slot lines. Not a bound of memory, which does not depend on it. */
    readonly batchMaxChanges: number
    /** Readers of one table in `full`. None: as many as help on this machine. */
    readonly fullParallel: Option.Option<number>
    readonly csvCompression: Compression
    /** Where `/metrics` and `/healthz` are served; none: nowhere. */
    readonly metricsPort: Option.Option<number>
    /** The address to listen on there. Every interface by default: a scraper is seldom on this machine. */
    readonly metricsHost: string
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

const parseSlot = (name: string): Result.Result<string, string> =>
  /^[a-z0-9_]{1,63}$/.test(name)
    ? Result.succeed(name)
    : Result.fail("a slot's name has 1 to 63 lower-case letters, digits and underscores")

const parseLogLevel = (text: string): Result.Result<LogLevel.LogLevel, string> => {
  const level = LogLevel.values.find((known) => known.toLowerCase() === text.toLowerCase())
  return level === undefined
    ? Result.fail(`one of ${logLevels.join(", ")} is expected`)
    : Result.succeed(level)
}

const parseLogFormat = (text: string): Result.Result<LogFormat, string> => {
  const format = logFormats.find((known) => known === text.toLowerCase())
  return format === undefined
    ? Result.fail(`one of ${logFormats.join(", ")} is expected`)
    : Result.succeed(format)
}

const load = together({
  source,
  tables: parsed("SOURCE_TABLES", "db_loja.cliente=clientes", "db_loja.cliente=clientes", parseSourceTables),
  slot: parsed("REPLICATION_SLOT", "data_sync_slot", "data_sync_slot", parseSlot),
  pollInterval: parsed("POLL_INTERVAL", "2s", "2 seconds", parseDuration),
  lake: lakeUrl,
  lakeUmask,
  s3: keysWhereNeeded,
  layout: variable(
    "LAKE_LAYOUT",
    "datasets",
    Config.option(Config.Literals(["single", "datasets"], "LAKE_LAYOUT")),
  ),
  logLevel: parsed("LOG_LEVEL", "debug", "info", parseLogLevel),
  logFormat: parsedIfSet("LOG_FORMAT", "json", parseLogFormat),
  batchMaxChanges: wholeNumber("BATCH_MAX_CHANGES", "1000000", 1, 2_147_483_647).pipe(
    Effect.map(Option.getOrElse(() => 1_000_000)),
  ),
  fullParallel: wholeNumber("FULL_PARALLEL", "4", 1, 64),
  csvCompression: variable(
    "CSV_COMPRESSION",
    "gzip",
    Config.Literals(compressions, "CSV_COMPRESSION").pipe(Config.withDefault("none" as const)),
  ),
  metricsPort: wholeNumber("METRICS_PORT", "9187", 1, 65_535),
  metricsHost: Effect.map(
    text("METRICS_HOST"),
    Option.getOrElse(() => "0.0.0.0"),
  ),
}).pipe(Effect.mapError((problems) => new SettingsError({ problems })))
