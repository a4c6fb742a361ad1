/** The short form of `npm run test:fuzz`. */
import { assert, describe, it } from "@effect/vitest"
import { fuzzFiles, fuzzLines } from "../../../tools/fuzz/Fuzz.ts"

const seed = 20251103

describe("damaged input", () => {
  it("of the slot is read as the same change by every way, or by none", () => {
    const { accepted, known, findings } = fuzzLines({ count: 20_000, seed })
    assert.deepStrictEqual(findings, [])
    assert.isAbove(accepted, 4000)
    assert.isAbove(known, 400)
  })

  it("of the lake is refused, or printed back as it stood", () => {
    const { accepted, findings } = fuzzFiles({ count: 10_000, seed })
    assert.deepStrictEqual(findings, [])
    assert.isAbove(accepted, 1000)
  })
})
