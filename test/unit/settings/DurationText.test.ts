import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"
import { parseDuration } from "../../../src/settings/DurationText.ts"

describe("durations", () => {
  it("are understood as people write them", () => {
    const millis = (text: string) => Duration.toMillis(Result.getOrThrow(parseDuration(text)))
    assert.deepStrictEqual(
      ["200 millis", "2 seconds", "1 minute", "500ms", "2s", "1.5 s", "1h", "1 second"].map(millis),
      [200, 2000, 60_000, 500, 2000, 1500, 3_600_000, 1000],
    )
  })

  it("need a number, a unit, and to be more than nothing", () => {
    for (const text of ["", "2", "s", "0 s", "-1 s", "2 fortnights", "2 s 3 s", "1e3 s"]) {
      assert.isTrue(Result.isFailure(parseDuration(text)), text)
    }
  })
})
