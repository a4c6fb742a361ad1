import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { isStalled, type WriterSigns } from "../../../../src/core/source/StalledWriter.ts"

const frozen: WriterSigns = {
  idleSeconds: Option.some(61),
  isSlotActive: false,
  watermarkSeconds: Option.some(61),
}
const stalled = (other: Partial<WriterSigns>, poll = Duration.seconds(2)) =>
  isStalled({ ...frozen, ...other }, poll)

describe("A writer is stalled", () => {
  it("when it has sent nothing for a minute, nobody reads the slot and the watermark is as old", () => {
    assert.isTrue(stalled({}))
  })
  it("also before the first watermark", () => {
    assert.isTrue(stalled({ watermarkSeconds: Option.none() }))
  })
})

describe("A writer is not stalled", () => {
  it("while it polls", () => {
    assert.isFalse(stalled({ idleSeconds: Option.some(3) }))
  })
  it("while it reads the slot", () => {
    assert.isFalse(stalled({ isSlotActive: true }))
  })
  it("when the watermark was written since", () => {
    assert.isFalse(stalled({ watermarkSeconds: Option.some(5) }))
  })
  it("where its poll interval is longer than it is idle", () => {
    assert.isFalse(stalled({}, Duration.seconds(30)))
  })
  it("where this role may not see what it does", () => {
    assert.isFalse(stalled({ idleSeconds: Option.none() }))
  })
})
