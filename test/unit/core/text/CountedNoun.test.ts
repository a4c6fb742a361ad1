import { assert, describe, it } from "@effect/vitest"
import { counted } from "../../../../src/core/text/CountedNoun.ts"

describe("a counted noun", () => {
  it("is singular for one alone", () => {
    assert.deepStrictEqual(
      [0, 1, 2].map((count) => counted(count, "row")),
      ["0 rows", "1 row", "2 rows"],
    )
  })

  it("takes a plural of its own", () => {
    assert.deepStrictEqual(
      [1, 2].map((count) => counted(count, "copy", "copies")),
      ["1 copy", "2 copies"],
    )
  })
})
