/** What must hold of the small files of a lake and of the keys in it: what is accepted prints back as it stood. */
import { isDeepStrictEqual } from "node:util"
import { Option, Result } from "effect"
import * as Manifest from "../../src/core/lake/Manifest.ts"
import type { ObjectEnding } from "../../src/core/lake/ObjectEnding.ts"
import {
  isLater,
  objectKey,
  parseKey,
  parseObjectName,
  printObjectName,
  type Stamp,
  stampAfter,
} from "../../src/core/lake/ObjectKey.ts"
import * as Watermark from "../../src/core/lake/Watermark.ts"
import { parse as parseWatermark } from "../../src/core/lake/WatermarkText.ts"

export type FileKind = "watermark" | "manifest" | "key"

export interface FileVerdict {
  readonly isAccepted: boolean
  /** None where all holds. */
  readonly problem?: string
}

const refused: FileVerdict = { isAccepted: false }
const accepted = (problem: string | undefined): FileVerdict =>
  problem === undefined ? { isAccepted: true } : { isAccepted: true, problem }

/** The grammar leaves open the case of an LSN's digits and zeros before them. */
const canonicalLsn = (line: string): string =>
  line.replace(
    /^((?:[a-z_]+(?:\.[^=]*)?=)?)0*([0-9A-Fa-f]{1,8})\/0*([0-9A-Fa-f]{1,8})(?=$| )/,
    (_, before: string, high: string, low: string) => `${before}${high.toUpperCase()}/${low.toUpperCase()}`,
  )

const keyOf = (line: string): string => line.slice(0, line.indexOf("=") + 1).replace(/\..*/s, ".")

/** `knownKeys` are those that `print` knows: `slot=`, `object.`. Others are passed over, as are blank lines. */
const checkWatermark = (text: string, knownKeys: ReadonlySet<string>): FileVerdict => {
  const read = parseWatermark(text)
  if (Result.isFailure(read)) return refused
  const printed = Watermark.print(read.success)
  const again = parseWatermark(printed)
  if (Result.isFailure(again) || !isDeepStrictEqual(again.success, read.success)) {
    return accepted("printed, it reads back as another watermark")
  }
  const [first = "", ...rest] = text.replaceAll("\r\n", "\n").split("\n")
  const given = [first.trim(), ...rest.filter((line) => knownKeys.has(keyOf(line)))].map(canonicalLsn).sort()
  const told = printed.split("\n").slice(0, -1).map(canonicalLsn).sort()
  return accepted(isDeepStrictEqual(given, told) ? undefined : "what it says is not what is printed of it")
}

/** The parts of `value` that `like` has, too. */
const projected = (value: unknown, like: unknown): unknown => {
  if (Array.isArray(value) && Array.isArray(like)) return value.map((one, i) => projected(one, like[i]))
  if (typeof value !== "object" || value === null || typeof like !== "object" || like === null) return value
  const members = new Map(Object.entries(value))
  return Object.fromEntries(
    Object.entries(like).map(([key, part]) => [key, projected(members.get(key), part)]),
  )
}

const checkCopySource = (text: string): FileVerdict => {
  const read = Manifest.parse(text)
  if (Result.isFailure(read)) return refused
  const again = Manifest.parse(Manifest.print(read.success))
  if (Result.isFailure(again) || !isDeepStrictEqual(again.success, read.success)) {
    return accepted("printed, it reads back as another manifest")
  }
  const said: unknown = JSON.parse(text)
  // Older manifests have no `objects`: it is made of what they say of their one object.
  const { objects, ...printed }: Record<string, unknown> = JSON.parse(Manifest.print(read.success))
  const told =
    said !== null && typeof said === "object" && "objects" in said ? { objects, ...printed } : printed
  return accepted(
    isDeepStrictEqual(projected(said, told), told) ? undefined : "what it says is not what is printed of it",
  )
}

const fileOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1)

/** The name after it is later, and sorts after it. */
const stampProblem = (stamp: Stamp, ending: ObjectEnding): string | undefined => {
  const next = stampAfter(stamp)
  const sorted = printObjectName({ stamp, ending: ".csv" }) < printObjectName({ stamp: next, ending })
  return isLater(next, stamp) && sorted ? undefined : "the name after it does not sort after it"
}

/** The day of the folder is open: an object that was moved to another day's is still read, and `verify` names it. */
const checkKey = (key: string): FileVerdict => {
  const name = parseObjectName(fileOf(key).replace(/^cdc_/, ""))
  const found = parseKey(key)
  if (Option.isNone(found)) return refused
  const { stamp, ending, dataset } = found.value
  const area = Option.isSome(dataset) ? "full" : "inc"
  const printed = objectKey(
    area,
    "single",
    Option.getOrElse(dataset, () => ""),
    stamp,
    ending,
  )
  if (fileOf(printed) !== fileOf(key)) return accepted("its name is not what is printed of it")
  if (Option.isSome(name) && !isDeepStrictEqual(name.value, { stamp, ending })) {
    return accepted("its name alone reads as another")
  }
  return accepted(stampProblem(stamp, ending))
}

export const checkFile = (kind: FileKind, text: string, knownKeys: ReadonlySet<string>): FileVerdict => {
  switch (kind) {
    case "watermark":
      return checkWatermark(text, knownKeys)
    case "manifest":
      return checkCopySource(text)
    case "key":
      return checkKey(text)
  }
}

/** The keys in a printed watermark, for `checkFile`. */
export const keysIn = (watermark: string): ReadonlySet<string> =>
  new Set(watermark.split("\n").slice(1).map(keyOf).filter(Boolean))
