/**
 * The table of all settings. Defaults, examples, flags and help come from it, and `npm run docs` writes
 * docs/settings.md and .env.example from it. libpq's own variables are in core's table of connection parameters.
 */
import { sessionPoolers } from "../core/source/SourceAddress.ts"
import { columnSpecs } from "./columns/ColumnSpecs.ts"
import { lakeSpecs } from "./LakeSpecs.ts"
import type { SettingSpec } from "./SettingSpec.ts"

export const settingTable = {
  DATABASE_URL: {
    group: "Source",
    value: { form: "a URL, or `host=… dbname=…`" },
    example: "postgres://user:password@host:5432/database",
    unset: "libpq's variables",
    flag: false,
    summary: "the source, in libpq's forms",
    meaning: [
      "What it does not say comes from the service file, then from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE` and their siblings, then from libpq's defaults: [source.md](source.md). It has no flag, because it may hold a password.",
      'In `.env`, put a value with `#` or quotes into double quotes: `DATABASE_URL="…"`. A bare `#` begins a comment.',
    ],
  },
  SOURCE_SESSION_POOLER: {
    group: "Source",
    value: { oneOf: sessionPoolers },
    example: "allow",
    fallback: "refuse",
    flag: false,
    summary: "allow: the pooler in between pools sessions",
    meaning: [
      "`allow` is safe only behind a pooler in session pooling mode: [source.md](source.md#behind-a-pooler).",
    ],
  },
  SOURCE_TABLES: {
    group: "Source",
    value: { form: "`schema.table[=dataset]` and patterns, comma separated" },
    example: "db_loja.cliente=clientes",
    fallback: "db_loja.cliente=clientes",
    flag: true,
    summary: "schema.table[=dataset], patterns, commas",
    meaning: [
      'Quote names as in SQL where needed: `"Minha loja"."Cliente"=clientes`. In `.env` put such a list into single quotes: `SOURCE_TABLES=\'…\'`. Without `=dataset` the dataset has the table\'s name. An extra comma is refused.',
      "**Patterns**: `*` stands for any characters and `?` for one, outside of quotes: `vendas.*`. `!vendas.tmp_*` leaves tables out. The dataset behind a pattern may use `{schema}` and `{table}`: [tables.md](tables.md). `cdc` follows new tables that match, and reads the list again on SIGHUP.",
      "A dataset's name has letters, digits, `_` and `-`. A new one must not begin with `_`, because Spark and Hive hide such files. In a folder two datasets must differ by more than case.",
    ],
  },
  REPLICATION_SLOT: {
    group: "Source",
    value: { form: "1 to 63 lower-case letters, digits and underscores" },
    example: "data_sync_slot",
    fallback: "data_sync_slot",
    flag: true,
    summary: "logical slot, plugin test_decoding",
    meaning: ["One slot serves one lake. `init` creates it, `drop-slot` removes it."],
  },
  POLL_INTERVAL: {
    group: "Source",
    value: { form: "a duration: `500ms`, `2s`, `1 minute`" },
    example: "2s",
    fallback: "2 seconds",
    flag: true,
    summary: "pause between two polls when nothing is pending",
    meaning: ["While more changes are pending `cdc` does not pause."],
  },
  ...columnSpecs,
  ...lakeSpecs,
  BATCH_MAX_CHANGES: {
    group: "Pipeline",
    value: { from: 1, to: 2_147_483_647, unit: "slot lines" },
    example: "1000000",
    fallback: "1000000",
    flag: true,
    summary: "soft bound of one peek, in slot lines",
    meaning: [
      "A sixteenth more may come, and a transaction is never split. It bounds the server's temporary files, not our memory.",
    ],
  },
  BATCH_MIN_WAL: {
    group: "Pipeline",
    value: { form: "bytes: `0`, `64kB`, `16MB`, `64MiB`" },
    example: "16MB",
    fallback: "0",
    flag: true,
    summary: "cdc reads when this much WAL is pending",
    meaning: [
      "Makes objects of `inc` larger and fewer: [performance.md](performance.md#objects-of-a-good-size). `cdc` checks the slot at every POLL_INTERVAL, but reads it only when this much WAL is pending, or some of it for BATCH_MAX_WAIT. Until then it stays in the slot, and the lag counts it.",
      "The WAL of all tables counts, not only of yours. `--once` ignores this setting, and a stop reads what is pending.",
    ],
  },
  BATCH_MAX_WAIT: {
    group: "Pipeline",
    value: { form: "a duration: `30s`, `5 minutes`" },
    example: "5 minutes",
    fallback: "60 seconds",
    flag: true,
    summary: "or when some has been pending for this long",
    meaning: [
      "Only with BATCH_MIN_WAL. It is counted from the first check that found the WAL; a `cdc` that starts reads at once.",
    ],
  },
  FULL_PARALLEL: {
    group: "Pipeline",
    value: { from: 1, to: 64, unit: "sessions" },
    example: "4",
    unset: "what helps on this machine",
    flag: true,
    summary: "readers of one table in full",
    meaning: [
      "Of a table larger than FULL_OBJECT_SIZE each reader writes objects of its own. A smaller one is one object. Unset means one for each two processors of this machine, at most 4. Views, foreign and unlogged tables cannot be divided: one session reads them. The leaves of a partitioned table are copied one after another, each like a table.",
    ],
  },
  FULL_OBJECT_SIZE: {
    group: "Pipeline",
    value: { form: "bytes: `64MB`, `512MiB`, `2 GB`" },
    example: "128MiB",
    fallback: "512MiB",
    flag: true,
    summary: "soft bound of one object of full",
    meaning: [
      "In bytes of CSV, before compression. A larger table is several objects under one manifest, each with a header. A row is never divided: an object may be larger by a row, or by the 256 kB that are read at once.",
      "A table that is larger than this on disk has objects of each reader of FULL_PARALLEL, so that none waits for another.",
    ],
  },
  CSV_COMPRESSION: {
    group: "Output",
    value: { oneOf: ["none", "gzip"] },
    example: "gzip",
    fallback: "none",
    flag: true,
    summary: "none or gzip",
    meaning: ["`gzip`: objects are `.csv.gz`. Change it at any time: names and rows continue."],
  },
  METRICS_PORT: {
    group: "Output",
    value: { from: 1, to: 65_535, unit: "TCP port" },
    example: "9187",
    unset: "off",
    flag: true,
    summary: "serves /metrics and /healthz there",
    meaning: ["Of `cdc` and `full`: [monitoring.md](monitoring.md#metrics-and-healthz)."],
  },
  METRICS_HOST: {
    group: "Output",
    value: { form: "an address of this machine" },
    example: "127.0.0.1",
    fallback: "0.0.0.0",
    flag: true,
    summary: "address to listen on for that",
    meaning: ["`127.0.0.1` keeps both on this machine. There is no password."],
  },
  LOG_LEVEL: {
    group: "Output",
    value: { oneOf: ["trace", "debug", "info", "warn", "error", "fatal", "none"] },
    example: "debug",
    fallback: "info",
    flag: true,
    summary: "trace, debug, info, warn, error, fatal or none",
    meaning: [],
  },
  LOG_FORMAT: {
    group: "Output",
    value: { oneOf: ["pretty", "logfmt", "json"] },
    example: "json",
    unset: "pretty on a terminal, else logfmt",
    flag: true,
    summary: "pretty, logfmt or json",
    meaning: [],
  },
} as const satisfies Readonly<Record<string, SettingSpec>>

type Table = typeof settingTable
/** A variable of ours. */
export type SettingName = keyof Table
/** The settings whose spec has this property, as `WithSpec<{ readonly fallback: string }>`. */
export type WithSpec<Part> = { [Name in SettingName]: Table[Name] extends Part ? Name : never }[SettingName]
/** The settings that a flag overrides. */
export type FlagName = WithSpec<{ readonly flag: true }>

/** Each variable with its spec, in the table's order. */
export const settingSpecs: ReadonlyArray<readonly [SettingName, SettingSpec]> = Object.entries(
  settingTable,
) as ReadonlyArray<[SettingName, SettingSpec]> // `Object.entries` widens keys to string.
