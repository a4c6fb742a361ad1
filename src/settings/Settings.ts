/**
 * Reads the settings of SettingTable.ts: from the environment first (a `.env` file too, the environment wins), and flags
 * override. Fails with `SettingsError`, which names all problems at once.
 */
import { Context, type Duration, Effect, Layer, LogLevel, Option, Result, Runtime, Schema } from "effect"
import type { ColumnRules } from "../core/columns/Projection.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import type { SourceAddress } from "../core/source/SourceAddress.ts"
import type { TableEntry } from "../core/tables/TableEntry.ts"
import { parseTableEntries } from "../core/tables/TableEntryText.ts"
import { parseBytes } from "../core/text/ByteAmount.ts"
import { columnRules } from "./columns/ColumnSettings.ts"
import { parseDuration } from "./DurationText.ts"
import { keysWhereNeeded, lakeUmask, lakeUrl, type S3Access } from "./LakeSettings.ts"
import type { LakeUrl } from "./LakeUrl.ts"
import { type ChoiceOf, choice, parsed, parsedIfSet, text, together, wholeNumber } from "./SettingReading.ts"
import { settingTable } from "./SettingTable.ts"
import { source } from "./SourceSettings.ts"

const logFormats = settingTable.LOG_FORMAT.value.oneOf
export type LogFormat = ChoiceOf<"LOG_FORMAT">
export type Compression = ChoiceOf<"CSV_COMPRESSION">

export class Settings extends Context.Service<
  Settings,
  {
    readonly source: SourceAddress
    /** Named tables, patterns and exclusions. */
    readonly tables: ReadonlyArray<TableEntry>
    /** Columns that are dropped or hashed. */
    readonly columns: ColumnRules
    readonly slot: string
    readonly pollInterval: Duration.Duration
    readonly lake: LakeUrl
    /** Permissions that files and folders of a lake in a folder do not give. */
    readonly lakeUmask: number
    /** Used with `s3://` only; none if the keys are missing and not needed. */
    readonly s3: Option.Option<S3Access>
    /** None: the lake's own layout, else `single` with one table and `datasets` with several. */
    readonly layout: Option.Option<Layout>
    /** Soft bound of one peek, in slot lines. Not a bound of memory, which does not depend on it. */
    readonly batchMaxChanges: number
    /** Less pending WAL than this, in bytes, is left in the slot until the next check of it. */
    readonly batchMinWal: number
    /** But no longer than this, from the first check that found it on. */
    readonly batchMaxWait: Duration.Duration
    /** Readers of one table in `full`. None: as many as help on this machine. */
    readonly fullParallel: Option.Option<number>
    /** Soft bound of one object of `full`, in bytes of CSV before compression. */
    readonly fullObjectSize: number
    readonly csvCompression: Compression
    /** The port of `/metrics` and `/healthz`; none: off. */
    readonly metricsPort: Option.Option<number>
    /** The address to listen on. Every interface by default, because a scraper is mostly on another machine. */
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
      "Correct them in the environment, in .env or by flags; docs/settings.md lists them all.",
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
    ? Result.fail(`one of ${settingTable.LOG_LEVEL.value.oneOf.join(", ")} is expected`)
    : Result.succeed(level)
}

const parseLogFormat = (text: string): Result.Result<LogFormat, string> => {
  const format = logFormats.find((known) => known === text.toLowerCase())
  return format === undefined
    ? Result.fail(`one of ${logFormats.join(", ")} is expected`)
    : Result.succeed(format)
}

const parseObjectSize = (text: string): Result.Result<number, string> =>
  Result.filterOrFail(
    parseBytes(text),
    (bytes) => bytes > 0,
    () => "it must be more than nothing",
  )

const load = together({
  source,
  tables: parsed("SOURCE_TABLES", parseTableEntries),
  columns: columnRules,
  slot: parsed("REPLICATION_SLOT", parseSlot),
  pollInterval: parsed("POLL_INTERVAL", parseDuration),
  lake: lakeUrl,
  lakeUmask,
  s3: keysWhereNeeded,
  layout: choice("LAKE_LAYOUT"),
  logLevel: parsed("LOG_LEVEL", parseLogLevel),
  logFormat: parsedIfSet("LOG_FORMAT", parseLogFormat),
  batchMaxChanges: Effect.map(
    wholeNumber("BATCH_MAX_CHANGES"),
    Option.getOrElse(() => Number(settingTable.BATCH_MAX_CHANGES.fallback)),
  ),
  batchMinWal: parsed("BATCH_MIN_WAL", parseBytes),
  batchMaxWait: parsed("BATCH_MAX_WAIT", parseDuration),
  fullParallel: wholeNumber("FULL_PARALLEL"),
  fullObjectSize: parsed("FULL_OBJECT_SIZE", parseObjectSize),
  csvCompression: Effect.map(
    choice("CSV_COMPRESSION"),
    Option.getOrElse(() => settingTable.CSV_COMPRESSION.fallback),
  ),
  metricsPort: wholeNumber("METRICS_PORT"),
  metricsHost: Effect.map(
    text("METRICS_HOST"),
    Option.getOrElse(() => settingTable.METRICS_HOST.fallback),
  ),
}).pipe(Effect.mapError((problems) => new SettingsError({ problems })))
