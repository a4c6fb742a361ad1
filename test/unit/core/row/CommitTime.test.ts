import { assert, describe, it } from "@effect/vitest"
import { commitMillis } from "../../../../src/core/row/CommitTime.ts"

describe("a commit time", () => {
  it("is read with its fraction, in UTC", () => {
    assert.strictEqual(commitMillis("2026-11-23 01:53:09.63307+00"), Date.UTC(2026, 10, 23, 1, 53, 9, 633))
  })

  it("is read without a fraction", () => {
    assert.strictEqual(commitMillis("2026-11-23 01:53:09+00"), Date.UTC(2026, 10, 23, 1, 53, 9))
  })

  it("that no calendar has is none", () => {
    assert.isUndefined(commitMillis("2026-13-32 25:61:61+00"))
  })

  it("of another form is none", () => {
    assert.deepStrictEqual(["", "2026-11-23 01:53:09+02", "10000-01-01 00:00:00+00"].map(commitMillis), [
      undefined,
      undefined,
      undefined,
    ])
  })
})
