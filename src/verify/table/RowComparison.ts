/** Reports each row that differs, and counts them. */
import { Effect, Stream } from "effect"
import type { Replay } from "../../services/lake/LakeComparison.ts"
import type { ReportFinding } from "../report/FindingCounter.ts"

export interface DifferenceCounts {
  readonly missing: number
  readonly extra: number
  /** Columns in which rows differ. */
  readonly columns: ReadonlySet<string>
}

/** Differences are not collected: there can be as many as the table has rows. */
export const reportDifferences = Effect.fnUntraced(function* (
  { differences }: Replay,
  report: ReportFinding,
) {
  const counts = { missing: 0, extra: 0, columns: new Set<string>() }
  yield* Stream.runForEach(differences, (found) => {
    if (found.kind === "different") for (const column of found.columns) counts.columns.add(column)
    else counts[found.kind] += "rows" in found ? found.rows : 1
    return report(found)
  })
  const counted: DifferenceCounts = counts
  return counted
})
