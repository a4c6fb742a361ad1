/** What a person reads when something fails: whole sentences, of which the last is the next action. */
import { assert, describe, it } from "@effect/vitest"
import { folderRemedies } from "../../../layers/folder/FolderErrors.ts"
import { fileRules } from "../../../layers/node/FileFailures.ts"
import { temporaryFileError, temporaryFileRemedies } from "../../../layers/node/TemporaryFileErrors.ts"
import { s3Remedies } from "../../../layers/s3/S3Remedies.ts"
import { StoreReason, storeReasons } from "../../../src/services/lake/StoreError.ts"
import { Refusal } from "../../../src/services/Refusal.ts"
import { SourceReason, sourceReasons } from "../../../src/services/source/SourceError.ts"

const ofFiles = [...fileRules.map(([reason]) => reason), "Broken" as const]

/** An advice, with a name for the list of those that break a rule. */
const advices = [
  ...SourceReason.literals.map((reason) => ({ of: `source ${reason}`, text: sourceReasons[reason].advice })),
  ...StoreReason.literals.map((reason) => ({ of: `lake ${reason}`, text: storeReasons[reason].advice })),
  ...Object.entries(s3Remedies).map(([reason, text]) => ({ of: `S3 ${reason}`, text })),
  ...Object.entries(folderRemedies).map(([reason, text]) => ({ of: `folder ${reason}`, text })),
  ...Object.entries(temporaryFileRemedies).map(([reason, text]) => ({
    of: `temporary file ${reason}`,
    text,
  })),
]

/** The verbs with which an advice begins, in a sentence of its own or behind a condition. */
const action =
  /(?:^|[.;:,?] |or )(?:As a superuser: |for .* )?(?:Check|Correct|Create|Choose|Drop|End|Find|Free|Give|Install|Look|Make|Move|Name|Point|Raise|raise|Remove|Restore|Set|set|Stop|stop|take|Upgrade|Use|ALTER|drop|free)\b|`node dist\/main\.js \w+/

const breaking = (rule: RegExp, ofThese: RegExp) =>
  advices.filter(({ of, text }) => ofThese.test(of) && rule.test(text)).map(({ of }) => of)

describe("an advice", () => {
  it("is whole sentences: it begins with a capital or a statement and ends with a full stop or a statement", () => {
    assert.deepStrictEqual(breaking(/^(?![A-Z`])|[^.;]$/, /./), [])
  })

  it("of any store names no setting of one kind of store", () => {
    assert.deepStrictEqual(breaking(/MINIO_|TMPDIR|mount/, /^lake/), [])
  })

  it("of S3 speaks of no folder", () => {
    assert.deepStrictEqual(breaking(/TMPDIR|mount|file system/, /^S3/), [])
  })

  it("of a folder or a temporary file speaks of no S3 setting, whichever reason a file can have", () => {
    for (const remedies of [folderRemedies, temporaryFileRemedies]) {
      const texts = ofFiles.map((reason) => remedies[reason] ?? storeReasons[reason].advice)
      assert.isEmpty(texts.filter((text) => /MINIO|bucket|S3/.test(text)))
    }
  })
})

describe("an error", () => {
  const reasons = Object.entries({ ...sourceReasons, ...storeReasons })

  it("that no retry mends names an action", () => {
    const silent = reasons.filter(([, { isRetryable, advice }]) => !isRetryable && !action.test(advice))
    assert.deepStrictEqual(silent, [])
  })

  it("that is retried ends with 1 when the retries have lasted too long", () => {
    assert.deepStrictEqual(
      reasons.filter(([, { isRetryable, exitCode }]) => isRetryable && exitCode !== 1),
      [],
    )
  })
})

describe("a message", () => {
  it("about temporary files does not speak of the lake", () => {
    const messages = ofFiles.map(
      (reason) => temporaryFileError({ reason, subject: "s", detail: "d" }).message,
    )
    assert.isEmpty(messages.filter((message) => /[Ll]ake|LAKE/.test(message)))
  })

  it("of a refusal ends with one full stop, whether its last sentence had one or not", () => {
    const said = ["Do this", "Do this."].map(
      (remedy) => new Refusal({ reason: "SlotLost", problem: "F", risk: "S", remedy }).message,
    )
    assert.deepStrictEqual(said, ["Refused: F. S. Do this.", "Refused: F. S. Do this."])
  })
})
