/** The third way to end: neither done nor failed, because going on would lose or repeat data. */
import { Runtime, Schema } from "effect"

/**
 * Going on would lose or repeat data: exit 3 (2 for DatasetName). Each says what was found, what is at stake, and the commands that mend it.
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
  ]),
  found: Schema.String,
  stake: Schema.String,
  mend: Schema.String,
}) {
  /** 2 where a setting alone mends it and nothing is at stake before. */
  override get [Runtime.errorExitCode](): number {
    return this.reason === "DatasetName" ? 2 : 3
  }
  override get message(): string {
    return `Refused: ${this.found}. ${this.stake}. ${this.mend.replace(/\.$/, "")}.`
  }
}
