/**
 * Names of objects in the lake. Specified in docs/format.md.
 *
 *     full/date=20251103/full_clientes_20251103_101530.csv          layout single
 *     inc/clientes/date=20251103/cdc_20251103_101540_0002.csv       layout datasets
 *
 * Within a dataset names only go forward: text order is the order of writing. `.` sorts before `_`, so the first
 * object of a second stands before its `_0002`.
 */
import { Option } from "effect"

export type Area = "full" | "inc"

/** Whether a dataset has folders of its own, or the lake holds one dataset at its root. */
export type Layout = "single" | "datasets"

/** A UTC second, and the ordinal of the object within that second, from 1. */
export interface Stamp {
  /** `YYYYMMDD_HHMMSS` */
  readonly second: string
  readonly count: number
}

/** What is particular to one object's name: when it was named, and how its bytes are stored. */
export interface ObjectName {
  readonly stamp: Stamp
  readonly ending: CsvEnding
}

/** Four digits hold the count; text order would break beyond. */
const maxCount = 9999

const secondOf = (millis: number): string =>
  new Date(millis).toISOString().slice(0, 19).replaceAll("-", "").replaceAll(":", "").replace("T", "_")

const millisOf = (second: string): number =>
  Date.parse(
    second.replace(
      /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/,
      (_, y, mo, d, h, mi, s) => `${y}-${mo}-${d}T${h}:${mi}:${s}Z`,
    ),
  )

/** The name after `previous` at the time `now`. A clock that stepped back cannot make it go backwards. */
export const nextStamp = (previous: Option.Option<Stamp>, now: number): Stamp => {
  const second = secondOf(now)
  return Option.isNone(previous) || previous.value.second < second
    ? { second, count: 1 }
    : stampAfter(previous.value)
}

/** The ordinal after `stamp`, within its second as long as that has room. */
export const stampAfter = (stamp: Stamp): Stamp =>
  stamp.count < maxCount
    ? { second: stamp.second, count: stamp.count + 1 }
    : { second: secondOf(millisOf(stamp.second) + 1000), count: 1 }

/** Stamps order as the names that carry them do. */
export const isLater = (a: Stamp, b: Stamp): boolean =>
  a.second > b.second || (a.second === b.second && a.count > b.count)

/** Milliseconds since the epoch at the second of `stamp`. */
export const stampMillis = (stamp: Stamp): number => millisOf(stamp.second)

/** Everything of one dataset in one area is listed under this prefix, and nothing of another dataset. */
export const datasetPrefix = (area: Area, layout: Layout, dataset: string): string =>
  layout === "single" ? `${area}/date=` : `${area}/${dataset}/date=`

/** How the name of an object of CSV ends: as it is, or with gzip around it. */
export type CsvEnding = ".csv" | ".csv.gz"

export const isCompressed = (key: string): boolean => key.endsWith(".gz")

const stem = (area: Area, dataset: string): string => (area === "full" ? `full_${dataset}` : "cdc")

const printStamp = ({ second, count }: Stamp): string =>
  count === 1 ? second : `${second}_${String(count).padStart(4, "0")}`

/** `20251103_101540.csv`, `20251103_101540_0002.csv.gz`: the part that the objects of all datasets may share. */
export const printObjectName = ({ stamp, ending }: ObjectName): string => `${printStamp(stamp)}${ending}`

/** After it years have five digits, and text order breaks: no name is later. */
const lastSecond = "99991231_235959"

const nameText = /^(\d{8}_\d{6})(?:_(\d{4}))?(\.csv(?:\.gz)?)$/

/** Reads what `printObjectName` prints; none for anything else, days and times that do not exist included. */
export const parseObjectName = (text: string): Option.Option<ObjectName> => {
  const [, second = "", digits, ending] = nameText.exec(text) ?? []
  const stamp = { second, count: digits === undefined ? 1 : Number(digits) }
  const name: ObjectName = { stamp, ending: ending === ".csv.gz" ? ".csv.gz" : ".csv" }
  const isReal = !Number.isNaN(millisOf(second)) && secondOf(millisOf(second)) === second && stamp.count > 0
  return isReal && second < lastSecond && printObjectName(name) === text ? Option.some(name) : Option.none()
}

export const objectKey = (
  area: Area,
  layout: Layout,
  dataset: string,
  stamp: Stamp,
  ending: CsvEnding = ".csv",
): string => {
  const date = stamp.second.slice(0, 8)
  return `${datasetPrefix(area, layout, dataset)}${date}/${stem(area, dataset)}_${printObjectName({ stamp, ending })}`
}

const keyText =
  /\/date=\d{8}\/(?:full_([A-Za-z0-9_][A-Za-z0-9_-]*)|cdc)_(\d{8}_\d{6}(?:_\d{4})?\.csv(?:\.gz)?)$/

/**
 * Reads a key back; none for anything else that lies in the lake, manifests included. The day of its folder is not looked
 * at: an object that was moved to another day's is still that object.
 */
export const parseKey = (
  key: string,
): Option.Option<{ readonly stamp: Stamp; readonly dataset: Option.Option<string> }> => {
  const [, dataset, name = ""] = keyText.exec(key) ?? []
  return Option.map(parseObjectName(name), ({ stamp }) => ({
    stamp,
    dataset: Option.fromUndefinedOr(dataset),
  }))
}

/** `…/_full_clientes_20251103_101530.json` beside `…/full_clientes_20251103_101530.csv`. */
export const manifestKey = (key: string): string => key.replace(/\/([^/]+)\.csv(?:\.gz)?$/, "/_$1.json")

/** Just before the object's own place in the order of keys, and after every other object's. */
export const justBefore = (key: string): string => key.replace(/\.csv(?:\.gz)?$/, "")

export const watermarkKey = "inc/_watermark.txt"

/** On it a writer tries whether the store honours conditions. It stays: no right to delete is needed. */
export const fenceProbeKey = "inc/_fence_probe"
