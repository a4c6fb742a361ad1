/**
 * Names of objects in the lake. Specified in docs/format.md.
 *
 *     full/date=20251103/full_clientes_20251103_101530.csv          layout single
 *     inc/clientes/date=20251103/cdc_20251103_101540_0002.csv       layout datasets
 *
 * Within a dataset each name is later than the one before: text order is the order of writing. `.` sorts before `_`, so the
 * first object of a second comes before its `_0002`.
 */
import { Option } from "effect"
import { endingPattern, type ObjectEnding, parseEnding } from "./ObjectEnding.ts"

export type Area = "full" | "inc"

/** `datasets`: each dataset has folders of its own. `single`: the lake holds one dataset at its root. */
export type Layout = "single" | "datasets"

/** As `Layout`. A lake that was begun as `single` has one dataset, `root`, at its root; further ones have folders of their own. */
export type LakeFolders = Layout | { readonly root: string }

export const layoutOf = (folders: LakeFolders): Layout => (typeof folders === "string" ? folders : "single")

export const rootOf = (folders: LakeFolders): Option.Option<string> =>
  typeof folders === "string" ? Option.none() : Option.some(folders.root)

const isAtRoot = (folders: LakeFolders, dataset: string): boolean =>
  typeof folders === "string" ? folders === "single" : folders.root === dataset

/** A UTC second, and the ordinal of the object within that second, from 1. */
export interface Stamp {
  /** `YYYYMMDD_HHMMSS` */
  readonly second: string
  readonly count: number
}

/** The part of a key that identifies one object: when it was named, and how its bytes are stored. */
export interface ObjectName {
  readonly stamp: Stamp
  readonly ending: ObjectEnding
}

/** The count has four digits: text order would break beyond. */
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

/** Returns the stamp after `previous` at the time `now`. It never goes backwards, even if the clock does. */
export const nextStamp = (previous: Option.Option<Stamp>, now: number): Stamp => {
  const second = secondOf(now)
  return Option.isNone(previous) || previous.value.second < second
    ? { second, count: 1 }
    : stampAfter(previous.value)
}

/** Returns the stamp after `stamp`: in the same second up to `maxCount`, then in the next one. */
export const stampAfter = (stamp: Stamp): Stamp =>
  stamp.count < maxCount
    ? { second: stamp.second, count: stamp.count + 1 }
    : { second: secondOf(millisOf(stamp.second) + 1000), count: 1 }

/** Compares stamps in the order of their names. */
export const isLater = (a: Stamp, b: Stamp): boolean =>
  a.second > b.second || (a.second === b.second && a.count > b.count)

/** Milliseconds since 1970 at the second of `stamp`. */
export const stampMillis = (stamp: Stamp): number => millisOf(stamp.second)

/** The prefix under which all keys of one dataset in one area are listed, and none of another dataset. */
export const datasetPrefix = (area: Area, folders: LakeFolders, dataset: string): string =>
  isAtRoot(folders, dataset) ? `${area}/date=` : `${area}/${dataset}/date=`

const stem = (area: Area, dataset: string): string => (area === "full" ? `full_${dataset}` : "cdc")

const printStamp = ({ second, count }: Stamp): string =>
  count === 1 ? second : `${second}_${String(count).padStart(4, "0")}`

/** `20251103_101540.csv`, `20251103_101540_0002.csv.gz`: the part that the objects of all datasets may share. */
export const printObjectName = ({ stamp, ending }: ObjectName): string => `${printStamp(stamp)}${ending}`

/** No name is later: then years have five digits, and text order breaks. */
const lastSecond = "99991231_235959"

const nameText = new RegExp(`^(\\d{8}_\\d{6})(?:_(\\d{4}))?(${endingPattern})$`)

/** Reads the output of `printObjectName`; none for any other text, also for days and times that do not exist. */
export const parseObjectName = (text: string): Option.Option<ObjectName> => {
  const [, second = "", digits, printed] = nameText.exec(text) ?? []
  const ending = parseEnding(printed)
  if (ending === undefined) return Option.none()
  const stamp = { second, count: digits === undefined ? 1 : Number(digits) }
  const name: ObjectName = { stamp, ending }
  const isReal = !Number.isNaN(millisOf(second)) && secondOf(millisOf(second)) === second && stamp.count > 0
  return isReal && second < lastSecond && printObjectName(name) === text ? Option.some(name) : Option.none()
}

export const objectKey = (
  area: Area,
  folders: LakeFolders,
  dataset: string,
  stamp: Stamp,
  ending: ObjectEnding = ".csv",
): string => {
  const date = stamp.second.slice(0, 8)
  return `${datasetPrefix(area, folders, dataset)}${date}/${stem(area, dataset)}_${printObjectName({ stamp, ending })}`
}

const keyText = new RegExp(
  `/date=(\\d{8})/(?:full_([A-Za-z0-9_][A-Za-z0-9_-]*)|cdc)_(\\d{8}_\\d{6}(?:_\\d{4})?${endingPattern})$`,
)

export interface ParsedKey extends ObjectName {
  /** None in a key of `inc`. */
  readonly dataset: Option.Option<string>
  /** Of the folder: `YYYYMMDD`. */
  readonly day: string
}

/**
 * Reads a key; none for other objects, manifests included. The day of its folder is ignored: an object that was moved to
 * another day's folder stays the same object.
 */
export const parseKey = (key: string): Option.Option<ParsedKey> => {
  const [, day = "", dataset, name = ""] = keyText.exec(key) ?? []
  return Option.map(parseObjectName(name), (found) => ({
    ...found,
    dataset: Option.fromUndefinedOr(dataset),
    day,
  }))
}

const lastPart = new RegExp(`/([^/]+?)${endingPattern}$`)
const endOfKey = new RegExp(`${endingPattern}$`)

/** `…/_full_clientes_20251103_101530.json` beside `…/full_clientes_20251103_101530.csv`. */
export const manifestKey = (key: string): string => key.replace(lastPart, "/_$1.json")

/** `…/_schema_clientes_20251103_101540.json` beside `…/cdc_20251103_101540.csv`. */
export const schemaKey = (key: string, dataset: string): string =>
  key.replace(
    lastPart,
    (_, name: string) => `/_schema_${dataset}_${name.slice(stem("inc", dataset).length + 1)}.json`,
  )

const schemaText = /\/_schema_(.+)_(\d{8}_\d{6}(?:_\d{4})?)\.json$/

/** Reads the output of `schemaKey`: the dataset, and the stamp of its object. None for other keys. */
export const parseSchemaKey = (key: string) => {
  const [, dataset = "", stamp = ""] = schemaText.exec(key) ?? []
  return Option.map(parseObjectName(`${stamp}.csv`), (name) => ({ dataset, stamp: name.stamp }))
}

/** A text that sorts directly before the key: after all smaller keys. */
export const justBefore = (key: string): string => key.replace(endOfKey, "")

export const watermarkKey = "inc/_watermark.txt"

/** With this object a writer tests whether the store honours conditions. It stays, so that no delete permission is needed. */
export const fenceProbeKey = "inc/_fence_probe"
