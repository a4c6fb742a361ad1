import { assert, describe, it } from "@effect/vitest"
import { HeldBytes } from "../../../../layers/store/HeldBytes.ts"

const mebibyte = 1024 * 1024

/** Objects that hold so many bytes each. */
const holding = (...objects: ReadonlyArray<number>) => {
  const held = new HeldBytes()
  for (const bytes of objects) held.add(bytes, 0)
  return held
}

describe("HeldBytes", () => {
  it("lets one object use the whole budget, and no more", () => {
    assert.isFalse(holding(32 * mebibyte).isOver(32 * mebibyte))
    assert.isTrue(holding(32 * mebibyte + 1).isOver(32 * mebibyte + 1))
  })

  it("asks for a write only those that hold their share or more", () => {
    const held = holding(30 * mebibyte, 3 * mebibyte)
    assert.deepStrictEqual([held.isOver(30 * mebibyte), held.isOver(3 * mebibyte)], [true, false])
  })

  it("asks nobody for a write of less than 64 KiB, however many hold bytes", () => {
    const held = holding(...Array.from({ length: 1000 }, () => 63 * 1024))
    assert.isFalse(held.isOver(63 * 1024))
    held.add(1024, 63 * 1024)
    assert.isTrue(held.isOver(64 * 1024))
  })

  it("forgets an object that has released its bytes, once however often it does", () => {
    const held = holding(20 * mebibyte, 20 * mebibyte)
    held.release(20 * mebibyte)
    held.release(0)
    assert.isFalse(held.isOver(20 * mebibyte))
    held.add(13 * mebibyte, 20 * mebibyte)
    // Alone again: its share is the whole budget.
    assert.deepStrictEqual([held.isOver(31 * mebibyte), held.isOver(33 * mebibyte)], [false, true])
  })
})
