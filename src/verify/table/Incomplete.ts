/** Datasets whose `full` and `inc` leave a gap: they are reported and not compared. */
import { Option } from "effect"
import { maskOf } from "../../columns/DatasetMask.ts"
import type { Projection } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import {
  type DatasetState,
  datasetState,
  type IncompleteReason,
  newestCopy,
  unchangedTable,
} from "../../core/lake/DatasetState.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"
import type { ComparisonSnapshot } from "../snapshot/ComparisonSnapshot.ts"

/** Returns why the dataset is not complete, with what to do; none if it is complete. */
export const incompleteBecause = (
  { watermark, slotBegin, tablesNow }: Pick<ComparisonSnapshot, "watermark" | "slotBegin" | "tablesNow">,
  dataset: string,
  newest: Option.Option<Manifest>,
  hasObjects: boolean,
): Option.Option<string> => {
  const found = datasetState({
    watermark,
    slotBegin,
    dataset,
    isConfigured: true,
    isInLake: hasObjects || Option.isSome(newest),
    copy: Option.map(newest, newestCopy),
    table: tablesNow.get(dataset) ?? unchangedTable,
  })
  return Option.flatMap(found, ({ state, from, reason }) => {
    if (state === "followed") return Option.none()
    const since = Option.match(from, { onNone: () => "", onSome: (lsn) => `, from ${Lsn.print(lsn)}` })
    const why = Option.match(reason, { onNone: () => "", onSome: (one) => ` (${one}${since})` })
    const restart = Option.contains(reason, "masked") ? "Restart `cdc` with these settings, then run" : "Run"
    return Option.some(
      `"${dataset}" ${sentenceOf(state)}${why}: ${gapFor(reason)}. ${restart} \`node dist/main.js full\` while \`cdc\` follows it`,
    )
  })
}

const otherSettings =
  "its newest copy, its changes and this command are not all under the same COLUMNS_EXCLUDE, COLUMNS_HASH, COLUMNS_HASH_KEY and ON_NEW_COLUMN"

const gapFor = (reason: Option.Option<IncompleteReason>): string => {
  if (Option.contains(reason, "masked")) return otherSettings
  return Option.contains(reason, "full before slot")
    ? "what was committed between its newest copy and that is in neither"
    : "its newest copy and its changes leave a gap"
}

/** `needs full` already has a verb. */
const sentenceOf = (state: DatasetState): string => (state === "needs full" ? state : `is ${state}`)

/** Returns why a copy that no `cdc` has joined yet cannot be compared: it is under other settings of columns. */
export const maskedOtherwise = (
  { dataset, mask }: Manifest,
  projection: Projection | undefined,
): Option.Option<string> =>
  mask === maskOf(projection)
    ? Option.none()
    : Option.some(`"${dataset}" needs full (masked): ${otherSettings}. Run \`node dist/main.js full\``)

/** Names the datasets that are not followed any more; none if there are none. */
export const leftNote = (
  watermark: Option.Option<Watermark>,
  configured: ReadonlyArray<string>,
): Option.Option<string> => {
  const left = Option.match(watermark, { onNone: () => [], onSome: (lines) => [...lines.left] })
    .filter(([dataset]) => !configured.includes(dataset))
    .map(([dataset, lsn]) => `"${dataset}" (followed up to ${Lsn.print(lsn)})`)
  return left.length === 0
    ? Option.none()
    : Option.some(`Not followed any more, and not compared: ${left.join(", ")}.`)
}
