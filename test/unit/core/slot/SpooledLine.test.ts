import { assert, describe, it } from "@effect/vitest"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { SlotLine } from "../../../../src/core/slot/SlotLine.ts"
import { linePacker, lineUnpacker } from "../../../../src/core/slot/SpooledLine.ts"

const line = (ordinal: number, lsn: bigint, text: string, isMarked = false) =>
  SlotLine.of(Lsn.Lsn.make(lsn), ordinal, text, isMarked)

const lines = [
  line(1, 0xffff_ffff_ffff_ffffn, "table a.b: INSERT: x[text]:'\xc3\xa7\n'"),
  line(2 ** 40, 0n, ""),
  line(3, 7n, "y".repeat(70_000)),
  line(4, 8n, `table a.b: INSERT: x[text]:'${"z".repeat(2_000_000)}'`),
  line(5, 9n, "x"),
  line(6, 9n, "table a.b: INSERT: x[text]:'\x009:5000000:0\0'", true),
]
const told = (all: ReadonlyArray<SlotLine>) =>
  all.map(({ ordinal, lsn, text, isMarked }) => ({ ordinal, lsn, text, isMarked }))

describe("lines in the spool", () => {
  it("come back as they went in, wherever the chunks are cut", () => {
    const pack = linePacker()
    // The room that they are packed into was used before, for more.
    pack([...lines, ...lines])
    const packed = Buffer.concat(pack(lines))
    for (const size of [7, 20, 21, 4096, packed.length]) {
      const unpack = lineUnpacker()
      const back: Array<SlotLine> = []
      for (let at = 0; at < packed.length; at += size) back.push(...unpack(packed.subarray(at, at + size)))
      assert.deepStrictEqual(told(back), told(lines), `chunks of ${size}`)
    }
  })
})
