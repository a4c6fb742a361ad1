/** The program stops, because going on would lose or repeat data. */
import { Runtime, Schema } from "effect"

/**
 * Exit 3 (2 for DatasetName and MaskLost). Names the problem, the risk of going on, and the commands that remove the problem.
 */
export class Refusal extends Schema.TaggedError<Refusal>()("Refusal", {
  reason: Schema.Literals([
    "SlotGone",
    "SlotLost",
    "SlotAhead",
    "SourceBehind",
    "ForeignWatermark",
    "BrokenWatermark",
    "OtherLayout",
    "MalformedLine",
    "AnotherWriter",
    "BrokenObject",
    "DatasetName",
    "OtherTable",
    "OtherHistory",
    "MaskLost",
  ]),
  problem: Schema.String,
  risk: Schema.String,
  remedy: Schema.String,
}) {
  /** 2 if a setting is the remedy and no data is at risk. */
  override get [Runtime.errorExitCode](): number {
    return this.reason === "DatasetName" || this.reason === "MaskLost" ? 2 : 3
  }
  /** For a command that only warns of it. */
  get explanation(): string {
    return `${this.problem}. ${this.risk}. ${this.remedy.replace(/\.$/, "")}.`
  }
  override get message(): string {
    return `Refused: ${this.explanation}`
  }
}
