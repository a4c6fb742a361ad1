/** Datasets whose `full` and `inc` make no whole: they are named and not compared. */
import { Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import { datasetState, snapshotXmin } from "../../core/lake/DatasetState.ts"
import type { Manifest } from "../../core/lake/Manifest.ts"
import type { Watermark } from "../../core/lake/Watermark.ts"

/** Why the dataset is not complete, as a sentence with what to do; none where it is. */
export const incompleteBecause = (
  watermark: Option.Option<Watermark>,
  dataset: string,
  newest: Option.Option<Manifest>,
  hasObjects: boolean,
): Option.Option<string> =>
  Option.flatMap(watermark, (lines) => {
    const { state, from, reason } = datasetState({
      watermark: lines,
      dataset,
      isConfigured: true,
      isInLake: hasObjects || Option.isSome(newest),
      xmin: Option.flatMap(newest, ({ snapshot }) => snapshotXmin(snapshot)),
    })
    if (state === "followed") return Option.none()
    const since = Option.match(from, { onNone: () => "", onSome: (lsn) => `, from ${Lsn.print(lsn)}` })
    const why = Option.match(reason, { onNone: () => "", onSome: (one) => ` (${one}${since})` })
    return Option.some(
      `"${dataset}" is ${state}${why}: its newest copy and its changes leave a gap. Run \`node dist/main.js full\` while \`cdc\` follows it`,
    )
  })

/** Names the datasets that SOURCE_TABLES names no more; none where there are none. */
export const leftNote = (
  watermark: Option.Option<Watermark>,
  configured: ReadonlyArray<string>,
): Option.Option<string> => {
  const left = Option.match(watermark, { onNone: () => [], onSome: (lines) => [...lines.left] })
    .filter(([dataset]) => !configured.includes(dataset))
    .map(([dataset, lsn]) => `"${dataset}" (followed up to ${Lsn.print(lsn)})`)
  return left.length === 0
    ? Option.none()
    : Option.some(`Left, and not compared, because SOURCE_TABLES names them no more: ${left.join(", ")}.`)
}
