import { assert, describe, it } from "@effect/vitest"
import { type HeldLine, lineUnpacker, packLines } from "../../src/core/HeldLine.ts"
import { readLongLine } from "../../src/core/LongLine.ts"

const long = Buffer.from(`table a.b: INSERT: x[text]:'${"z".repeat(2_000_000)}'`)

const lines: ReadonlyArray<HeldLine> = [
  { seq: 1, lsn: 0xffff_ffff_ffff_ffffn, text: "table a.b: INSERT: x[text]:'\xc3\xa7\n'" },
  { seq: 2 ** 40, lsn: 0n, text: "" },
  { seq: 3, lsn: 7n, text: "y".repeat(70_000) },
  { seq: 4, lsn: 8n, ...readLongLine(long) },
  { seq: 5, lsn: 9n, text: "x" },
]

describe("lines in the spool", () => {
  it("come back as they went in, wherever the chunks are cut", () => {
    const packed = Buffer.concat(packLines(lines))
    for (const size of [7, 20, 21, 4096, packed.length]) {
      const unpack = lineUnpacker()
      const back: Array<HeldLine> = []
      for (let at = 0; at < packed.length; at += size) back.push(...unpack(packed.subarray(at, at + size)))
      assert.deepStrictEqual(back, lines, `chunks of ${size}`)
    }
  })
})
