/** Finds the objects that were written under other settings of columns: they keep values that are masked now. */
import { Effect, Option } from "effect"
import type { Lsn } from "../../core/Lsn.ts"
import { parseKey } from "../../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../../core/lake/Watermark.ts"
import type { SourceTable } from "../../core/source/SourceTable.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { type Fulls, listFulls, listIncs } from "../../lake/LakeInventory.ts"
import { lastRowPosition } from "../../lake/NewestObject.ts"
import type { StoredObject } from "../../services/lake/ObjectStore.ts"
import { failureFinding } from "../FailureFinding.ts"
import { type Finding, ok, warning } from "../Finding.ts"

export const earlierValuesCheck = "masked columns"

/** Keys in one finding. */
const namedMax = 3

/** Returns how many objects, the oldest first, hold no row after `lsn`. Reads the last rows of a few. */
const countUpTo = Effect.fnUntraced(function* (objects: ReadonlyArray<StoredObject>, lsn: Lsn) {
  let [from, to] = [0, objects.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const object = objects[middle]
    const row = object === undefined ? Option.none() : yield* lastRowPosition(object)
    if (Option.exists(row, (last) => last.lsn <= lsn)) from = middle + 1
    else to = middle
  }
  return from
})

/** Copies under another mask, and unfinished ones that are older than the first copy under this mask. */
const earlierCopies = (
  { newest, older, ignored }: Fulls,
  mask: string,
): { readonly copies: ReadonlyArray<string>; readonly unfinished: ReadonlyArray<string> } => {
  const all = [...older.toReversed(), ...Option.toArray(newest)]
  const first = all.find((copy) => copy.mask === mask)?.object
  return {
    copies: all
      .filter((copy) => copy.mask !== mask)
      .flatMap(({ objects }) => objects.map(({ object }) => object)),
    unfinished: ignored.filter((key) => Option.isSome(parseKey(key)) && (first === undefined || key < first)),
  }
}

/** Returns the keys of objects of a dataset that were written before its mask took effect, the oldest first. */
const earlierObjects = Effect.fnUntraced(function* (
  layout: LakeFolders,
  dataset: string,
  watermark: Watermark,
  mask: string,
) {
  const { copies, unfinished } = earlierCopies(yield* listFulls(layout, dataset), mask)
  const begun = Option.fromUndefinedOr(watermark.from.get(dataset))
  const since = Option.flatMap(begun, (from) => Option.map(from.since, ({ reason }) => ({ ...from, reason })))
  // Another reason may have replaced `masked` in the watermark: then the older copies tell.
  const isChanged = copies.length > 0 || Option.exists(since, ({ reason }) => reason === "masked")
  if (!isChanged) return []
  const { objects } = yield* listIncs(layout, dataset, Option.none())
  const count = Option.isSome(since) ? yield* countUpTo(objects, since.value.lsn) : 0
  return [...copies, ...unfinished, ...objects.slice(0, count).map(({ key }) => key)]
})

const findingOf = (dataset: string, keys: ReadonlyArray<string>): Finding => {
  const named = keys.slice(0, namedMax).join(", ")
  const more = keys.length > namedMax ? ` and ${keys.length - namedMax} more` : ""
  return warning(
    earlierValuesCheck,
    `${counted(keys.length, "object")} of "${dataset}" may keep values that are masked now, written under other settings of columns: ${named}${more}`,
    {
      advice: `After a new \`full\` of "${dataset}", delete those that are older than a day; the newest object of inc only once there is a newer one`,
    },
  )
}

/** Returns a finding per dataset with such objects. None for a lake without a mask. */
export const earlierValues = Effect.fn("EarlierValues.earlierValues")(function* (
  layout: LakeFolders,
  tables: ReadonlyArray<SourceTable>,
  watermark: Watermark,
) {
  const masked = tables.flatMap(({ dataset }) => {
    const mask = watermark.masks.get(dataset)
    return mask === undefined ? [] : [{ dataset, mask }]
  })
  if (masked.length === 0) return []
  return yield* Effect.forEach(masked, ({ dataset, mask }) =>
    Effect.map(earlierObjects(layout, dataset, watermark, mask), (keys) =>
      keys.length === 0 ? [] : [findingOf(dataset, keys)],
    ),
  ).pipe(
    Effect.map((found): ReadonlyArray<Finding> => {
      const all = found.flat()
      return all.length > 0 ? all : [ok(earlierValuesCheck, "no object was written under other settings")]
    }),
    Effect.catch((error) => Effect.succeed([failureFinding(earlierValuesCheck, error)])),
  )
})
