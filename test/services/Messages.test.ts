/** What a person reads when something fails: whole sentences, of which the last is the next action. */
import { assert, describe, it } from "@effect/vitest"
import { Refusal } from "../../src/services/Refusal.ts"
import { SourceError, SourceReason } from "../../src/services/SourceError.ts"
import { StoreError, StoreReason } from "../../src/services/StoreError.ts"

const source = SourceReason.literals.map((reason) => new SourceError({ reason, subject: "s", detail: "d" }))
const store = StoreReason.literals.map((reason) => new StoreError({ reason, subject: "s", detail: "d" }))

describe("a message", () => {
  for (const error of [...source, ...store]) {
    it(`of ${error._tag}, ${error.reason}, ends with an advice in whole sentences`, () => {
      assert.isTrue(error.message.endsWith(error.advice))
      assert.match(error.advice, /[.;]$/)
    })
  }

  it("of a refusal ends with one full stop, whether its last sentence had one or not", () => {
    const said = ["Do this", "Do this."].map(
      (mend) => new Refusal({ reason: "SlotLost", found: "F", stake: "S", mend }).message,
    )
    assert.deepStrictEqual(said, ["Refused: F. S. Do this.", "Refused: F. S. Do this."])
  })
})
