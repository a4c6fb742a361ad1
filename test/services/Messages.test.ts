/** What a person reads when something fails: whole sentences, of which the last is the next action. */
import { assert, describe, it } from "@effect/vitest"
import { fileRules } from "../../layers/store/StoreFailureRules.ts"
import { adviceAt, StoreError, StoreReason } from "../../src/services/lake/StoreError.ts"
import { Refusal } from "../../src/services/Refusal.ts"
import { SourceError, SourceReason } from "../../src/services/source/SourceError.ts"

const source = SourceReason.literals.map((reason) => new SourceError({ reason, subject: "s", detail: "d" }))
const store = StoreReason.literals.map((reason) => new StoreError({ reason, subject: "s", detail: "d" }))

describe("a message", () => {
  for (const error of [...source, ...store]) {
    it(`of ${error._tag}, ${error.reason}, ends with an advice in whole sentences`, () => {
      assert.isTrue(error.message.endsWith(error.advice))
      assert.match(error.advice, /[.;]$/)
    })
  }

  it("about a bucket speaks of no folder, and one about a folder of no S3 setting", () => {
    const ofBuckets = StoreReason.literals.map((reason) => adviceAt(reason, "bucket"))
    const ofFiles = [...fileRules.map(([reason]) => reason), "Broken" as const]
    const ofFolders = ofFiles.flatMap((reason) => [
      adviceAt(reason, "folder"),
      adviceAt(reason, "temporary files"),
    ])
    assert.isEmpty(ofBuckets.filter((advice) => /TMPDIR|mount|file system/.test(advice)))
    assert.isEmpty(ofFolders.filter((advice) => /MINIO|bucket|S3/.test(advice)))
  })

  it("about temporary files does not speak of the lake", () => {
    const about = { subject: "s", detail: "d", place: "temporary files" } as const
    const messages = fileRules.map(([reason]) => new StoreError({ reason, ...about }).message)
    assert.isEmpty(messages.filter((message) => /[Ll]ake|LAKE/.test(message)))
  })

  it("of a refusal ends with one full stop, whether its last sentence had one or not", () => {
    const said = ["Do this", "Do this."].map(
      (mend) => new Refusal({ reason: "SlotLost", found: "F", stake: "S", mend }).message,
    )
    assert.deepStrictEqual(said, ["Refused: F. S. Do this.", "Refused: F. S. Do this."])
  })
})
