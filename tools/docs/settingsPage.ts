/** docs/settings.md and .env.example, made from the table of settings. */
import { connectionVariables } from "../../src/core/source/ConnectionOptions.ts"
import { defaultOf, flagNameOf, type SettingSpec, type SettingValue } from "../../src/settings/SettingSpec.ts"
import { settingSpecs } from "../../src/settings/SettingTable.ts"
import { code, wrapped } from "./markdown.ts"

const groups = ["Source", "Lake", "Pipeline", "Output"] as const

const specsOf = (group: SettingSpec["group"]) => settingSpecs.filter(([, spec]) => spec.group === group)

const valueText = (value: SettingValue): string => {
  if ("oneOf" in value) return value.oneOf.map(code).join(", ")
  return "from" in value ? `${value.from} to ${value.to} (${value.unit})` : value.form
}

const defaultText = (spec: SettingSpec): string =>
  spec.fallback === undefined ? defaultOf(spec) : code(spec.fallback)

const row = ([variable, spec]: readonly [string, SettingSpec]): string =>
  `| [${code(variable)}](#${variable.toLowerCase()}) | ${defaultText(spec)} | ${spec.summary} |`

const section = ([variable, spec]: readonly [string, SettingSpec]): string =>
  [
    `### ${code(variable)}`,
    [
      wrapped(`- Value: ${valueText(spec.value)}`, "  "),
      `- Default: ${defaultText(spec)}`,
      ...(spec.flag ? [`- Flag: ${code(`--${flagNameOf(variable)}`)}`] : []),
    ].join("\n"),
    ...spec.meaning.map((paragraph) => wrapped(paragraph)),
  ].join("\n\n")

export const settingsPage = (): string =>
  [
    "# Settings",
    wrapped(
      "Settings come from the environment, then from `.env` in the folder where the program starts. A flag of the same name overrides both: `--lake-url` for `LAKE_URL`. Secrets and the address of the source have no flag. The program reports all wrong settings at once, each with an example, and ends with 2.",
    ),
    wrapped(
      "`npm run docs` writes this page and [.env.example](../.env.example) from `src/settings/SettingTable.ts`, which the program reads too.",
    ),
    ...groups.map((group) =>
      [
        `## ${group}`,
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
        ...specsOf(group).map(row),
      ].join("\n"),
    ),
    "## Variables of others",
    wrapped(
      `libpq's variables say what \`DATABASE_URL\` does not ([source.md](source.md)): ${connectionVariables
        .map(({ variable }) => code(variable))
        .join(", ")}. A value that asks for more than the program does is refused by name.`,
    ),
    [
      "- `PGSERVICEFILE`, `PGSYSCONFDIR`: where the service file is. `HOME`: where `.pgpass` and `.pg_service.conf` are.",
      "- `OTEL_EXPORTER_OTLP_ENDPOINT` and its siblings: [OpenTelemetry](monitoring.md#opentelemetry). Off by default.",
      "- `NODE_EXTRA_CA_CERTS`: [authorities for the store](tls.md#to-the-store). Node reads it, so `.env` is too late.",
      "- `TMPDIR`: the folder of temporary files. It wants a disk, because large transactions wait there.",
    ].join("\n"),
    "## Each setting",
    ...settingSpecs.map(section),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n")

/** They have no default, and a bucket and a source need them. */
const needed: ReadonlyArray<string> = ["DATABASE_URL", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"]

const assignment = ([variable, spec]: readonly [string, SettingSpec]): string =>
  [
    `# ${spec.summary}${spec.fallback === undefined && spec.unset !== undefined ? ` (unset: ${spec.unset})` : ""}`,
    `${needed.includes(variable) ? "" : "#"}${variable}=${spec.fallback ?? spec.example}`,
  ].join("\n")

export const environmentExample = (): string =>
  [
    [
      "# Settings of afluente. Copy this file to .env in the folder where the program starts.",
      "# A line that begins with # shows the default or an example. docs/settings.md explains each setting.",
    ].join("\n"),
    ...groups.flatMap((group) => [`# --- ${group}`, ...specsOf(group).map(assignment)]),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n")
