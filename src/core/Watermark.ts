/**
 * The watermark: up to which position the log is in the lake. Specified in docs/format.md.
 *
 *     0/16B3748
 *     slot=data_sync_slot
 *     database=loja
 *     system_identifier=7423642870011110000
 *     layout=single
 *     written_at=2025-11-03T10:15:40.123Z
 *     object.clientes=inc/date=20251103/cdc_20251103_101540.csv
 *
 * Line 1 alone is a whole watermark (another program's, or an old one): the rest is then unknown, not wrong.
 */
import { Option, Result } from "effect"
import * as Lsn from "./Lsn.ts"

export type Layout = "single" | "datasets"

export interface Watermark {
  /** Every change committed at or before it is in the lake, or concerns no configured table. */
  readonly position: Lsn.Lsn
  readonly slot: Option.Option<string>
  readonly database: Option.Option<string>
  readonly systemIdentifier: Option.Option<string>
  readonly layout: Option.Option<Layout>
  /** ISO 8601, UTC. */
  readonly writtenAt: Option.Option<string>
  /** Key of the newest object of each dataset. */
  readonly objects: ReadonlyMap<string, string>
}

const objectPrefix = "object."

export const print = (watermark: Watermark): string => {
  const known = (key: string, value: Option.Option<string>) =>
    Option.match(value, { onNone: () => [], onSome: (v) => [`${key}=${v}`] })
  return `${[
    Lsn.print(watermark.position),
    ...known("slot", watermark.slot),
    ...known("database", watermark.database),
    ...known("system_identifier", watermark.systemIdentifier),
    ...known("layout", watermark.layout),
    ...known("written_at", watermark.writtenAt),
    ...[...watermark.objects].map(([dataset, key]) => `${objectPrefix}${dataset}=${key}`),
  ].join("\n")}\n`
}

/** The failure says what is wrong with the file. Keys that are not known are passed over. */
export const parse = (text: string): Result.Result<Watermark, string> => {
  const [first = "", ...rest] = text.replaceAll("\r\n", "\n").split("\n")
  const position = Lsn.parse(first.trim())
  if (Option.isNone(position)) return Result.fail("line 1 is not a position such as 0/16B3748")
  const lines = rest.filter((line) => line.trim() !== "")
  if (lines.length > 0 && !text.endsWith("\n")) return Result.fail("the last line is cut short")
  const values = new Map<string, string>()
  for (const [index, line] of lines.entries()) {
    const equals = line.indexOf("=")
    if (equals < 1) return Result.fail(`line ${index + 2} is not key=value`)
    values.set(line.slice(0, equals), line.slice(equals + 1))
  }
  const value = (key: string) => Option.fromNullishOr(values.get(key))
  const layout = value("layout")
  if (Option.isSome(layout) && layout.value !== "single" && layout.value !== "datasets") {
    return Result.fail("layout is neither single nor datasets")
  }
  return Result.succeed({
    position: position.value,
    slot: value("slot"),
    database: value("database"),
    systemIdentifier: value("system_identifier"),
    layout: layout as Option.Option<Layout>, // the check above left these two
    writtenAt: value("written_at"),
    objects: new Map(
      [...values].flatMap(([key, v]) =>
        key.startsWith(objectPrefix) ? [[key.slice(objectPrefix.length), v] as const] : [],
      ),
    ),
  })
}
