/** The third way to end: neither done nor failed, because going on would lose or repeat data. */
import { Runtime, Schema } from "effect"

/**
 * Going on would lose or repeat data: exit 3. Each says what was found, what is at stake, and the commands that mend it.
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
  ]),
  found: Schema.String,
  stake: Schema.String,
  mend: Schema.String,
}) {
  override readonly [Runtime.errorExitCode] = 3
  override get message(): string {
    return `Refused: ${this.found}. ${this.stake}. ${this.mend.replace(/\.$/, "")}.`
  }
}
