import { assert, describe, it } from "@effect/vitest"
import { median, quantile, ratios, spreadOf } from "../../../tools/bench/figures/Figures.ts"
import { compared } from "../../../tools/bench/figures/Result.ts"

const runs = (...seconds: ReadonlyArray<number>) => seconds.map((one) => ({ seconds: one }))

describe("the figures of a bench", () => {
  it("have the middle value as their median, whatever their order", () => {
    assert.strictEqual(median([9, 1, 5]), 5)
  })

  it("have the mean of the two middle values as their median where their number is even", () => {
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
  })

  it("are sorted as numbers, not as text", () => {
    assert.strictEqual(median([10, 9, 100]), 10)
  })

  it("have quantiles between two neighbours in proportion", () => {
    assert.closeTo(quantile([0, 10, 20], 0.99), 19.8, 1e-9)
  })

  it("have no median where there are none", () => {
    assert.isNaN(median([]))
  })

  it("spread from the smallest to the largest", () => {
    assert.deepStrictEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 })
  })

  it("are divided run by run, each by the floor beside it", () => {
    assert.deepStrictEqual(ratios([2, 4], [3, 4]), [1.5, 1])
  })

  it("leave out of each tool run what is set apart", () => {
    assert.deepStrictEqual(ratios([2, 4], [3, 5], 1), [1, 1])
  })

  it("meet a target of at most so much with their median ratio, not with their best", () => {
    const pairs = { floor: runs(1, 1, 1), tool: runs(1, 1.2, 1.3) }
    const { ratio, met } = compared({ what: "", against: "", pairs, target: { atMost: 1.1 } })
    assert.deepStrictEqual({ ratio: ratio?.median, met }, { ratio: 1.2, met: false })
  })

  it("say how many times as fast the tool is where the target asks for that", () => {
    const pairs = { floor: runs(4, 4), tool: runs(2, 2) }
    const { ratio, met } = compared({ what: "", against: "", pairs, target: { timesAsFast: 1.8 } })
    assert.deepStrictEqual({ ratio: ratio?.median, met }, { ratio: 2, met: true })
  })
})
