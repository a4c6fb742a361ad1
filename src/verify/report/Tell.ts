/** Findings are told one by one: they can be as many as the table has rows. */
import { Effect } from "effect"
import type { Finding } from "../../core/lake/LakeFinding.ts"

export type Tell = (finding: Finding) => Effect.Effect<void>

/** Counts what was reported of one table, whatever becomes of the rest of its comparison. */
export interface Told {
  readonly tell: Tell
  readonly findings: () => number
  /** Of them, changes that stand twice. */
  readonly twice: () => number
}

export const counting = (tell: Tell): Told => {
  let findings = 0
  let twice = 0
  return {
    tell: (finding) =>
      Effect.suspend(() => {
        findings++
        if (finding.kind === "twice") twice++
        return tell(finding)
      }),
    findings: () => findings,
    twice: () => twice,
  }
}
