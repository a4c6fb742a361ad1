/** Lists the objects of a dataset, and decides which of them count. */

import { Effect, Option, Stream } from "effect"
import type { LakeFinding } from "../core/lake/LakeFinding.ts"
import * as Manifest from "../core/lake/Manifest.ts"
import { type Area, datasetPrefix, manifestKey, parseKey, parseSchemaKey } from "../core/lake/ObjectKey.ts"
import type { LakeFolders, Watermark } from "../core/lake/Watermark.ts"
import { counted } from "../core/text/CountedNoun.ts"
import { limitedRetry, retrying } from "../retry/RetryPolicy.ts"
import { ObjectStore, type StoredObject } from "../services/lake/ObjectStore.ts"

interface Listing {
  /** Objects with a name of ours, in the order of their names. */
  readonly objects: ReadonlyArray<StoredObject>
  readonly others: ReadonlyArray<StoredObject>
  readonly findings: ReadonlyArray<LakeFinding>
}

/** True if the key is in the folder of another day: then the order of keys is not the order of writing. */
const isMisplaced = ({ key }: StoredObject): boolean =>
  Option.exists(parseKey(key), ({ day, stamp }) => day !== stamp.second.slice(0, 8))

const listing = Effect.fnUntraced(function* (area: Area, layout: LakeFolders, dataset: string) {
  const store = yield* ObjectStore
  const all = yield* retrying(
    limitedRetry,
    Stream.runCollect(store.list(datasetPrefix(area, layout, dataset))),
  )
  const isOurs = ({ key }: StoredObject) =>
    Option.exists(parseKey(key), (parsed) =>
      area === "inc" ? Option.isNone(parsed.dataset) : Option.contains(parsed.dataset, dataset),
    )
  const objects = all.filter(isOurs)
  const result: Listing = {
    objects,
    others: all.filter((object) => !isOurs(object)),
    findings: objects
      .filter(isMisplaced)
      .map(({ key }) => ({ kind: "name", object: key, why: "it is in the folder of another day" })),
  }
  return result
})

export interface Inventory {
  readonly findings: ReadonlyArray<LakeFinding>
  /** Objects that no reader counts. */
  readonly ignored: ReadonlyArray<string>
}

export interface Fulls extends Inventory {
  /** The newest one that is complete. */
  readonly newest: Option.Option<Manifest.Manifest>
  /** The other complete ones. */
  readonly older: ReadonlyArray<Manifest.Manifest>
}

const readManifest = Effect.fnUntraced(function* (key: string) {
  const store = yield* ObjectStore
  const bytes = yield* retrying(limitedRetry, Stream.runCollect(store.read(key)))
  return Option.getSuccess(Manifest.parse(Buffer.concat(bytes).toString("utf8")))
})

/** Requests in flight: each manifest takes one. */
const manifestsAtOnce = 8

/**
 * Lists every `full` of a dataset, and checks its manifest, its folder and its size. Does not read the objects: that takes
 * long, and `verify` does it for the newest one.
 */
export const listFulls = Effect.fn("LakeInventory.listFulls")(function* (
  layout: LakeFolders,
  dataset: string,
) {
  const { objects, others, findings } = yield* listing("full", layout, dataset)
  const manifestKeys = others.map(({ key }) => key).filter((key) => /\/_full_[^/]*\.json$/.test(key))
  const complete = new Set(manifestKeys)
  const manifests = yield* Effect.forEach(
    manifestKeys,
    (key) => Effect.map(readManifest(key), (manifest) => ({ key, manifest })),
    { concurrency: manifestsAtOnce },
  )
  const sizes = new Map(objects.map(({ key, bytes }) => [key, bytes]))
  const untrue = manifests.flatMap(({ key, manifest }): ReadonlyArray<LakeFinding> => {
    if (Option.isNone(manifest)) return [{ kind: "manifest", object: key, why: "it cannot be read" }]
    const isNamedByIt = manifestKey(manifest.value.object) === key
    return manifest.value.objects.flatMap(({ object, bytes }): ReadonlyArray<LakeFinding> => {
      const size = sizes.get(object)
      if (size === undefined || !isNamedByIt) {
        return [{ kind: "lost", object, why: `its manifest ${key} exists, the object does not` }]
      }
      return size === bytes
        ? []
        : [{ kind: "manifest", object, why: `it has ${counted(size, "byte")}, its manifest says ${bytes}` }]
    })
  })
  const usable = manifests.flatMap(({ manifest }) =>
    Option.toArray(
      Option.filter(manifest, ({ objects }) => objects.every(({ object }) => sizes.has(object))),
    ),
  )
  const named = new Set(
    manifests.flatMap(({ manifest }) =>
      Option.match(manifest, { onNone: () => [], onSome: (one) => one.objects.map(({ object }) => object) }),
    ),
  )
  const [newest, ...older] = usable.toSorted((a, b) => (a.object < b.object ? 1 : -1))
  const fulls: Fulls = {
    newest: Option.fromUndefinedOr(newest),
    older,
    findings: [...findings, ...untrue],
    ignored: [
      ...objects.map(({ key }) => key).filter((key) => !complete.has(manifestKey(key)) && !named.has(key)),
      ...others.map(({ key }) => key).filter((key) => !complete.has(key)),
    ],
  }
  return fulls
})

export interface Incs extends Inventory {
  /** In the order of writing. */
  readonly objects: ReadonlyArray<StoredObject>
  /** Keys of the schema history, in the order of its objects. */
  readonly schemas: ReadonlyArray<string>
}

/** Lists the objects of `inc`. Reports a finding if the newest one in `watermark`, which was read before, is missing. */
export const listIncs = Effect.fn("LakeInventory.listIncs")(function* (
  layout: LakeFolders,
  dataset: string,
  watermark: Option.Option<Watermark>,
) {
  const { objects, others, findings } = yield* listing("inc", layout, dataset)
  const recorded = Option.flatMapNullishOr(watermark, (known) => known.objects.get(dataset))
  const lost = Option.filter(recorded, (key) => !objects.some((object) => object.key === key))
  const keys = others.map(({ key }) => key)
  const isSchema = (key: string) => Option.exists(parseSchemaKey(key), (schema) => schema.dataset === dataset)
  const incs: Incs = {
    objects,
    schemas: keys.filter(isSchema),
    findings: [
      ...findings,
      ...Option.toArray(lost).map(
        (object): LakeFinding => ({
          kind: "lost",
          object,
          why: "the watermark names it, and it is missing: reported until it is restored, or the next one is written",
        }),
      ),
    ],
    ignored: keys.filter((key) => !isSchema(key)),
  }
  return incs
})
