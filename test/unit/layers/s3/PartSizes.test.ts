import { assert, describe, it } from "@effect/vitest"
import { maxParts, partBytes } from "../../../../layers/s3/multipart/PartSizes.ts"

const gibibyte = 1024 ** 3

describe("Sizes of parts", () => {
  const sizes = Array.from({ length: maxParts }, (_, n) => partBytes(n + 1))
  const total = (parts: number) => sizes.slice(0, parts).reduce((sum, bytes) => sum + bytes, 0)

  it("have room for the 5 TiB that S3 allows", () => {
    assert.isAtLeast(total(maxParts), 5 * 1024 * gibibyte)
  })

  it("stay at 5 MiB up to an object of 9 GiB", () => {
    assert.isTrue(sizes.slice(0, 2000).every((bytes) => bytes === 5 * 1024 * 1024))
    assert.isAtLeast(total(2000), 9 * gibibyte)
  })

  it("never shrink, and never reach the 2 GiB at which one write call ends", () => {
    assert.isTrue(sizes.every((bytes, n) => bytes >= (sizes[n - 1] ?? 0) && bytes < 2 * gibibyte))
  })
})
