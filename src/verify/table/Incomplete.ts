/** Datasets whose `full` and `inc` leave a gap: they are reported and not compared. */
import { Option } from "effect"
import type { Projection } from "../../core/columns/Projection.ts"
import * as Lsn from "../../core/Lsn.ts"
import { type DatasetState, datasetState, newestCopy, unchangedTable } from "../../core/lake/DatasetState.ts"
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
    const gap = Option.contains(reason, "full before slot")
      ? "what was committed between its newest copy and that is in neither"
      : "its newest copy and its changes leave a gap"
    return Option.some(
      `"${dataset}" ${sentenceOf(state)}${why}: ${gap}. Run \`node dist/main.js full\` while \`cdc\` follows it`,
    )
  })
}

/** `needs full` already has a verb. */
const sentenceOf = (state: DatasetState): string => (state === "needs full" ? state : `is ${state}`)

/** Returns why a copy cannot be compared under today's settings of columns; none if they agree. */
export const projectedOtherwise = (
  { dataset, columns, excluded = [], hashed = [] }: Manifest,
  projection: Projection | undefined,
): Option.Option<string> => {
  const fateThen = (name: string) => (hashed.includes(name) ? "hash" : "keep")
  const fateNow = (name: string) => projection?.fateOf(name) ?? "keep"
  const changed = [
    ...columns.filter(({ name }) => fateNow(name) !== fateThen(name)).map(({ name }) => name),
    ...excluded.filter((name) => fateNow(name) !== "drop"),
  ]
  return changed.length === 0
    ? Option.none()
    : Option.some(
        `"${dataset}" needs full: COLUMNS_EXCLUDE or COLUMNS_HASH have changed since its newest copy (${changed.join(", ")}). Restart \`cdc\` if it runs, then run \`node dist/main.js full\``,
      )
}

/** Names the datasets that SOURCE_TABLES no longer lists; none if there are none. */
export const leftNote = (
  watermark: Option.Option<Watermark>,
  configured: ReadonlyArray<string>,
): Option.Option<string> => {
  const left = Option.match(watermark, { onNone: () => [], onSome: (lines) => [...lines.left] })
    .filter(([dataset]) => !configured.includes(dataset))
    .map(([dataset, lsn]) => `"${dataset}" (followed up to ${Lsn.print(lsn)})`)
  return left.length === 0
    ? Option.none()
    : Option.some(`Left, and not compared, because SOURCE_TABLES no longer lists them: ${left.join(", ")}.`)
}
