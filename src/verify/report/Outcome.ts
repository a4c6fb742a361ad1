/** The result of a run of `verify`: the gravest of its verdicts. */

import { Effect, Runtime, Schema } from "effect"
import { counted } from "../../core/text/CountedNoun.ts"
import type { TableVerdict } from "../table/TableVerdict.ts"

/** The lake differs from the table, or from what its manifests promise: exit 4. */
export class DifferenceFound extends Schema.TaggedError<DifferenceFound>()("DifferenceFound", {
  tables: Schema.Array(Schema.String),
  findings: Schema.Int,
  /** How many of the findings are changes that are in `inc` twice. */
  twice: Schema.Int,
  /** Why other tables could not be compared. */
  reasons: Schema.Array(Schema.String),
}) {
  override readonly [Runtime.errorExitCode] = 4
  override get message(): string {
    const remedies = [
      ...(this.twice > 0
        ? [
            "Take out or write anew the objects that the report names; a new `full` does not remove changes that are there twice.",
          ]
        : []),
      ...(this.twice < this.findings
        ? [
            "Restore damaged objects from a copy, or run `full` again: readers and `verify` begin with the newest copy.",
          ]
        : []),
    ]
    const problem = `The lake differs in ${counted(this.findings, "place")} (${this.tables.join(", ")}). ${remedies.join(" ")}`
    return [problem, ...this.reasons].join("\n")
  }
}

/** Some tables cannot be compared, and the others are equal: exit 1, 2 or 3. */
export class NotComparable extends Schema.TaggedError<NotComparable>()("NotComparable", {
  reasons: Schema.Array(Schema.String),
  exit: Schema.Int,
}) {
  override get [Runtime.errorExitCode](): number {
    return this.exit
  }
  override get message(): string {
    return this.reasons.join("\n")
  }
}

/** Succeeds if every table was compared and is equal. Fails with `DifferenceFound` or `NotComparable`. */
export const endWith = Effect.fnUntraced(function* (verdicts: ReadonlyArray<TableVerdict>) {
  const reasons = verdicts.flatMap(({ dataset, incomparable }) =>
    incomparable === null ? [] : [`${dataset}: ${incomparable}`],
  )
  // A greater code is graver: 1 may pass, 2 needs a change of settings, 3 is refused, 4 is a difference.
  const exit = Math.max(0, ...verdicts.map((one) => one.exit))
  const differing = verdicts.filter(({ findings }) => findings > 0)
  if (differing.length > 0) {
    return yield* new DifferenceFound({
      tables: differing.map(({ dataset }) => dataset),
      findings: differing.reduce((sum, { findings }) => sum + findings, 0),
      twice: differing.reduce((sum, { twice }) => sum + twice, 0),
      reasons,
    })
  }
  if (exit > 0) return yield* new NotComparable({ reasons, exit })
})
