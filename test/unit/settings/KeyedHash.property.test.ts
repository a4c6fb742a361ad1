import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { hashingUnder } from "../../../src/settings/columns/KeyedHash.ts"

const bytes = (count: number) => Buffer.from(Array.from({ length: count }, (_, i) => (i * 7 + count) % 256))

describe("a keyed hash", () => {
  it.prop(
    "is Node's HMAC-SHA-256, whatever the lengths of key and value, whole or in parts",
    [
      Arbitrary.schema(Schema.NonEmptyString),
      Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))),
      Arbitrary.schema(Schema.Literals([0, 1, 14, 55, 56, 63, 64, 65, 4095, 4096, 4097, 70_000])),
    ],
    ([text, times, length]) => {
      const key = text.repeat(times)
      const value = bytes(length)
      const expected = createHmac("sha256", Buffer.from(key, "utf8")).update(value).digest("hex")
      const hashing = hashingUnder(key)
      assert.strictEqual(hashing.hash(value), expected)
      // The value before leaves nothing behind.
      assert.strictEqual(hashing.hash(value), expected)
      const parts = hashing.begin()
      parts.update(value.subarray(0, length >> 1))
      parts.update(value.subarray(length >> 1))
      assert.strictEqual(parts.end(), expected)
    },
  )

  it("takes a key that is longer than a block", () => {
    const value = bytes(14)
    for (const length of [63, 64, 65, 131]) {
      const key = "k".repeat(length)
      assert.strictEqual(hashingUnder(key).hash(value), createHmac("sha256", key).update(value).digest("hex"))
    }
  })
})
