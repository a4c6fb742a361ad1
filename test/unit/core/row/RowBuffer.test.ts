import { assert, describe, it } from "@effect/vitest"
import { RowBuffer } from "../../../../src/core/row/RowBuffer.ts"

const filledWith = (text: string) => {
  const rows = new RowBuffer()
  rows.push(text)
  return rows
}

const textOf = (rows: RowBuffer) => Buffer.from(rows.filled).toString("latin1")

describe("RowBuffer", () => {
  it("shares the memory of one that was emptied with no two others, however often that was cleared", () => {
    const emptied = filledWith("first")
    emptied.clear()
    emptied.clear()
    const all = ["a", "b", "c"].map(filledWith)
    emptied.push("again")
    assert.deepStrictEqual([...all, emptied].map(textOf), ["a", "b", "c", "again"])
  })

  it("keeps the bytes that are being written as they are while it grows, and others are filled", () => {
    const rows = filledWith("being written")
    const { filled } = rows
    for (let i = 0; i < 8; i++) rows.push("x".repeat(100_000))
    const others = Array.from({ length: 8 }, () => filledWith("y".repeat(400_000)))
    assert.strictEqual(Buffer.from(filled).toString("latin1"), "being written")
    rows.drop(filled.length)
    assert.strictEqual(textOf(rows), "x".repeat(800_000))
    assert.strictEqual(others.length, 8)
  })

  it("keeps the rest where its beginning is dropped", () => {
    const rows = filledWith("written, rest")
    rows.drop("written, ".length)
    assert.strictEqual(textOf(rows), "rest")
  })
})
