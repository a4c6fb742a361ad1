/** Reads what `DatasetState` needs from the lake: the newest manifest. */
import { Effect, Option } from "effect"
import { type DatasetFacts, datasetState, newestCopy } from "../core/lake/DatasetState.ts"
import type { LakeFolders } from "../core/lake/Watermark.ts"
import { newestManifest } from "./NewestManifest.ts"

/** True if the state can depend on a manifest. */
export const needsManifest = ({
  watermark,
  slotBegin,
  dataset,
  isConfigured,
  table,
}: Omit<DatasetFacts, "copy">): boolean =>
  isConfigured &&
  !table.isDropped &&
  Option.isNone(table.anew) &&
  Option.match(watermark, {
    onNone: () => Option.isSome(slotBegin),
    onSome: ({ left }) => !left.has(dataset),
  })

/** Reads a manifest only if the state depends on one. None as in `datasetState`. */
export const datasetCompleteness = Effect.fn("DatasetCompleteness.datasetCompleteness")(function* (
  layout: LakeFolders,
  facts: Omit<DatasetFacts, "copy">,
) {
  const newest = needsManifest(facts) ? yield* newestManifest(layout, facts.dataset) : Option.none()
  return datasetState({ ...facts, copy: Option.map(newest, newestCopy) })
})
