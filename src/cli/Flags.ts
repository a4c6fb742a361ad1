/** Flags that override a setting of the same name: `--lake-url` for `LAKE_URL`. Secrets have none: others would see them. */
import { Option } from "effect"
import { Flag } from "effect/cli"

const flag = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

/** Defaults are in the descriptions, because help shows no others. */
export const settingFlags = {
  sourceTables: flag(
    "source-tables",
    "schema.table[=dataset], comma separated (SOURCE_TABLES; db_loja.cliente=clientes)",
  ),
  replicationSlot: flag(
    "replication-slot",
    "logical slot, plugin test_decoding (REPLICATION_SLOT; data_sync_slot)",
  ),
  pollInterval: flag("poll-interval", "rest between two polls when nothing waits (POLL_INTERVAL; 2 seconds)"),
  lakeUrl: flag("lake-url", "s3://bucket[/prefix] or file:./folder (LAKE_URL; s3://raw)"),
  lakeUmask: flag("lake-umask", "rights not given on a lake in a folder, octal (LAKE_UMASK; 027)"),
  lakeLayout: flag("lake-layout", "single or datasets (LAKE_LAYOUT; single with one table)"),
  minioEndpoint: flag("minio-endpoint", "address of the S3 server (MINIO_ENDPOINT; http://localhost:9000)"),
  minioRegion: flag("minio-region", "region of the bucket (MINIO_REGION; us-east-1)"),
  batchMaxChanges: flag(
    "batch-max-changes",
    "soft bound of one peek, in slot lines (BATCH_MAX_CHANGES; 1000000)",
  ),
  fullParallel: flag(
    "full-parallel",
    "readers of one table in full (FULL_PARALLEL; what helps on this machine)",
  ),
  csvCompression: flag("csv-compression", "none or gzip (CSV_COMPRESSION; none)"),
  metricsPort: flag("metrics-port", "serves /metrics and /healthz there (METRICS_PORT; off)"),
  metricsHost: flag("metrics-host", "address to listen on for that (METRICS_HOST; 0.0.0.0)"),
  logLevel: flag("log-level", "trace, debug, info, warn, error, fatal or none (LOG_LEVEL; info)"),
  logFormat: flag("log-format", "pretty, logfmt or json (LOG_FORMAT; pretty on a terminal, else logfmt)"),
}

export type SettingFlags = { readonly [K in keyof typeof settingFlags]: Option.Option<string> }

/** `lakeUrl` as `LAKE_URL`. */
const variableOf = (key: string): string => key.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()

/** The flags that were given, as the variables they stand for. */
export const asVariables = (flags: SettingFlags): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([key, value]) =>
      Option.isSome(value) ? [[variableOf(key), value.value]] : [],
    ),
  )
