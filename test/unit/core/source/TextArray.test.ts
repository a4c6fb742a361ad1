import { assert, describe, it } from "@effect/vitest"
import { parseTextArray, printTextArray } from "../../../../src/core/source/TextArray.ts"

describe("parseTextArray", () => {
  it("gives back the elements that were printed", () => {
    const elements = ["a", "", "b c", 'd"e', "f\\g", "{h}", "i,j", "NULL", "null", "k\nl", "ç"]
    assert.deepStrictEqual(parseTextArray(printTextArray(elements)), elements)
    assert.deepStrictEqual(parseTextArray("{}"), [])
  })
})
