/** What a run of `verify` ends with: the gravest of its verdicts. */

import { Effect, Runtime, Schema } from "effect"
import { counted } from "../../core/text/CountedNoun.ts"
import type { TableVerdict } from "../table/TableVerdict.ts"

/** The lake differs from the table, or from what its manifests promise: exit 4. */
export class DifferenceFound extends Schema.TaggedError<DifferenceFound>()("DifferenceFound", {
  tables: Schema.Array(Schema.String),
  findings: Schema.Int,
  /** Of the findings, changes that stand twice. */
  twice: Schema.Int,
  /** Of tables that could not be compared. */
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
    const found = `The lake differs in ${counted(this.findings, "place")} (${this.tables.join(", ")}). ${remedies.join(" ")}`
    return [found, ...this.reasons].join("\n")
  }
}

/** Tables that cannot be compared, and no difference in the others: exit 1, 2 or 3. */
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

/** Ends well where every table was compared and found equal. */
export const endWith = Effect.fnUntraced(function* (verdicts: ReadonlyArray<TableVerdict>) {
  const reasons = verdicts.flatMap(({ dataset, incomparable }) =>
    incomparable === null ? [] : [`${dataset}: ${incomparable}`],
  )
  // A greater code is a graver one: may pass by itself, must be changed by a person, refused, wrong.
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
