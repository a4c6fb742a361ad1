/** ON_NEW_COLUMN=exclude in a writer: which columns its datasets have, and a warning of those that are left out. */
import { Effect, Option } from "effect"
import { dropsNewColumns, leftOutNotices } from "../../columns/NewColumns.ts"
import { lakeColumns } from "../../lake/LakeColumns.ts"
import { type Checkpoint, followedTails } from "../start/Checkpoint.ts"
import type { FollowedTail } from "./DatasetObjects.ts"

/**
 * Returns the columns of each followed dataset whose new columns are dropped. Reads the lake once per dataset, and again only if
 * it had nothing of it.
 */
export const knownByDataset = Effect.fnUntraced(function* (
  checkpoint: Pick<Checkpoint, "datasets" | "tables" | "known" | "layout">,
) {
  if (checkpoint.tables.rules.onNewColumn === "include") return checkpoint.known
  const known = new Map(checkpoint.known)
  for (const { source, projection, newestKey } of followedTails(checkpoint)) {
    if (!dropsNewColumns(projection) || known.has(source.dataset)) continue
    const columns = yield* lakeColumns(checkpoint.layout, source.dataset, newestKey)
    if (Option.isSome(columns)) known.set(source.dataset, columns.value)
  }
  return known
})

/** Warns once of each column that was left out. Returns the warnings that were logged so far. */
export const warnOfNewColumns = Effect.fnUntraced(function* (
  tails: ReadonlyArray<FollowedTail>,
  warned: ReadonlySet<string>,
) {
  const all = new Set(warned)
  for (const { source, projection } of tails) {
    for (const notice of leftOutNotices(source.table, projection).filter((text) => !all.has(text))) {
      all.add(notice)
      yield* Effect.logWarning(notice).pipe(Effect.annotateLogs({ dataset: source.dataset }))
    }
  }
  return all
})
