import { assert, describe, it } from "@effect/vitest"
import { maxParts, PartBuffer, partBytes } from "../../layers/PartBuffer.ts"

const gibibyte = 1024 ** 3

describe("PartBuffer", () => {
  it("copies what fits and says how much that was", () => {
    const part = new PartBuffer(4)
    assert.strictEqual(part.fill(Buffer.from("abc")), 3)
    assert.strictEqual(part.fill(Buffer.from("def")), 1)
    assert.strictEqual(part.fill(Buffer.from("ghi")), 0)
    assert.strictEqual(String(part.content), "abcd")
  })

  it("forgets its content when it is cleared", () => {
    const part = new PartBuffer(4)
    part.fill(Buffer.from("abcd"))
    assert.strictEqual(part.clear().fill(Buffer.from("xy")), 2)
    assert.strictEqual(String(part.content), "xy")
  })
})

describe("Sizes of parts", () => {
  const sizes = Array.from({ length: maxParts }, (_, n) => partBytes(n + 1))
  const total = (parts: number) => sizes.slice(0, parts).reduce((sum, bytes) => sum + bytes, 0)

  it("have room for the 5 TiB that S3 allows", () => {
    assert.isAtLeast(total(maxParts), 5 * 1024 * gibibyte)
  })

  it("stay at 8 MiB up to an object of 15 GiB", () => {
    assert.isTrue(sizes.slice(0, 2000).every((bytes) => bytes === 8 * 1024 * 1024))
    assert.isAtLeast(total(2000), 15 * gibibyte)
  })

  it("never shrink, and never reach the 2 GiB at which one write call ends", () => {
    assert.isTrue(sizes.every((bytes, n) => bytes >= (sizes[n - 1] ?? 0) && bytes < 2 * gibibyte))
  })
})
