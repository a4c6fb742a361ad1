import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parseBytes } from "../../../../src/core/text/ByteAmount.ts"

describe("amounts of bytes", () => {
  it("are understood as people write them", () => {
    const bytes = (text: string) => Result.getOrThrow(parseBytes(text))
    assert.deepStrictEqual(
      ["0", "4096", " 64kB", "16MB", "16 MiB", "1.5 GB", "512MiB"].map(bytes),
      [0, 4096, 64_000, 16_000_000, 16_777_216, 1_500_000_000, 536_870_912],
    )
  })

  it("need a whole number of bytes and a known unit", () => {
    for (const text of ["", "MB", "-1", "-1 MB", "1e6", "16 MBit", "0.3 B", "90 PB", "16 MB 1 kB"])
      assert.isTrue(Result.isFailure(parseBytes(text)), text)
  })
})
