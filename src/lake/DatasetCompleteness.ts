/** Looks up what `DatasetState` needs beside the watermark: of datasets that began later, the newest manifest. */
import { Effect, Option } from "effect"
import { type DatasetFacts, datasetState, snapshotXmin } from "../core/lake/DatasetState.ts"
import type { Layout } from "../core/lake/Watermark.ts"
import { newestManifest } from "./NewestManifest.ts"

/** Reads a manifest only where the state depends on one. */
export const datasetCompleteness = Effect.fn("DatasetCompleteness.datasetCompleteness")(function* (
  layout: Layout,
  facts: Omit<DatasetFacts, "xmin">,
) {
  const withoutManifest = datasetState({ ...facts, xmin: Option.none() })
  if (
    withoutManifest.state === "followed" ||
    withoutManifest.state === "left" ||
    !facts.watermark.from.has(facts.dataset)
  )
    return withoutManifest
  const manifest = yield* newestManifest(layout, facts.dataset)
  return datasetState({ ...facts, xmin: Option.flatMap(manifest, ({ snapshot }) => snapshotXmin(snapshot)) })
})
