import { assert, describe, it } from "@effect/vitest"
import { WriteBuffer } from "../../../../layers/folder/WriteBuffer.ts"
import { BufferPool } from "../../../../layers/store/BufferPool.ts"

describe("WriteBuffer", () => {
  it("copies what fits and says how much that was", () => {
    const buffer = new WriteBuffer(new BufferPool(4, 8))
    assert.strictEqual(buffer.fill(Buffer.from("abc")), 3)
    assert.strictEqual(buffer.fill(Buffer.from("def")), 1)
    assert.strictEqual(buffer.fill(Buffer.from("ghi")), 0)
    assert.strictEqual(String(buffer.content), "abcd")
  })

  it("forgets its content when it is cleared", () => {
    const buffer = new WriteBuffer(new BufferPool(4, 8))
    buffer.fill(Buffer.from("abcd"))
    assert.strictEqual(buffer.clear().fill(Buffer.from("xy")), 2)
    assert.strictEqual(String(buffer.content), "xy")
  })

  it("shares its memory with no two others after it was cleared twice", () => {
    const pool = new BufferPool(4, 8)
    const cleared = new WriteBuffer(pool)
    cleared.fill(Buffer.from("abcd"))
    cleared.clear().clear()
    const others = ["efgh", "ijkl"].map((text) => {
      const buffer = new WriteBuffer(pool)
      buffer.fill(Buffer.from(text))
      return buffer
    })
    assert.deepStrictEqual(
      others.map(({ content }) => String(content)),
      ["efgh", "ijkl"],
    )
  })
})
