/** Counts the findings of one table while they are reported. */
import { Effect } from "effect"
import type { LakeFinding } from "../../core/lake/LakeFinding.ts"

/** Reports one finding. Findings are not collected: there can be as many as the table has rows. */
export type ReportFinding = (finding: LakeFinding) => Effect.Effect<void>

/** The counts stay right if the rest of the table's comparison fails. */
export interface FindingCounter {
  readonly report: ReportFinding
  readonly findings: () => number
  /** Findings of changes that `inc` holds twice. */
  readonly twice: () => number
}

/** Returns a counter that passes each finding on to `report`. */
export const countFindings = (report: ReportFinding): FindingCounter => {
  let findings = 0
  let twice = 0
  return {
    report: (finding) =>
      Effect.suspend(() => {
        findings++
        if (finding.kind === "twice") twice++
        return report(finding)
      }),
    findings: () => findings,
    twice: () => twice,
  }
}
