import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import {
  hashOfFiles,
  leafSet,
  leavesChange,
  olderLeaves,
  parseLeafSet,
  printLeafSet,
} from "../../../../src/core/lake/LeafSet.ts"
import { seesXid, wholeXid } from "../../../../src/core/tables/PartitionTree.ts"

const leaf = (oid: number, name = `p${oid}`, createdBy = 700n) => ({
  table: { schema: "s", name },
  oid,
  createdBy,
  file: `${oid}0`,
})
const recorded = leafSet({ leaves: [leaf(1), leaf(2)], branches: [], snapshot: "731:740:731,735" })

describe("the leaves of the watermark", () => {
  it("are read back as they were written", () => {
    assert.deepStrictEqual(parseLeafSet(printLeafSet(recorded)), Option.some(recorded))
    for (const text of ["", "2", "2 9f86d081884c7d65", "2 xyz 1:1:", "-1 9f86d081884c7d65 1:1:"])
      assert.deepStrictEqual(parseLeafSet(text), Option.none(), text)
  })

  it("are the same in any order, and with such as were created since", () => {
    assert.isUndefined(leavesChange(recorded, { leaves: [leaf(2), leaf(1)] }))
    assert.isUndefined(leavesChange(recorded, { leaves: [leaf(2), leaf(3, "new", 740n), leaf(1)] }))
    assert.isUndefined(leavesChange(recorded, { leaves: [leaf(2), leaf(3, "open then", 735n), leaf(1)] }))
  })

  it("have changed where an older table came, one went or one was renamed", () => {
    assert.strictEqual(leavesChange(recorded, { leaves: [leaf(1), leaf(2), leaf(3)] }), "attached")
    assert.strictEqual(leavesChange(recorded, { leaves: [leaf(1), leaf(2), leaf(3, "b", 734n)] }), "attached")
    assert.strictEqual(leavesChange(recorded, { leaves: [leaf(1)] }), "detached")
    assert.strictEqual(leavesChange(recorded, { leaves: [leaf(1), leaf(3, "new", 740n)] }), "detached")
    assert.strictEqual(leavesChange(recorded, { leaves: [leaf(1), leaf(2, "other")] }), "detached")
  })
})

describe("the files of leaves", () => {
  it("have another hash where one is rewritten, in whatever order they are read", () => {
    const [one, two] = [leaf(1), leaf(2)]
    assert.strictEqual(hashOfFiles([one, two]), hashOfFiles([two, one]))
    assert.notStrictEqual(hashOfFiles([one, two]), hashOfFiles([one, { ...two, file: "21" }]))
    assert.match(hashOfFiles([]), /^[0-9a-f]{16}$/)
  })

  it("are those of the recorded leaves, if others were created since", () => {
    const now = [leaf(1), leaf(2), leaf(3, "new", 740n)]
    assert.deepStrictEqual(olderLeaves(recorded, now), [leaf(1), leaf(2)])
  })
})

describe("a snapshot", () => {
  it("sees what had ended when it was taken", () => {
    assert.deepStrictEqual(
      [730n, 731n, 734n, 735n, 739n, 740n].map((xid) => seesXid("731:740:731,735", xid)),
      [true, false, true, false, true, false],
    )
  })

  it("is of the period of its ids: a short id is the last one before its end", () => {
    const period = 2n ** 32n
    assert.deepStrictEqual(
      [
        wholeXid(700, 740n),
        wholeXid(700, period + 740n),
        wholeXid(800, period + 740n),
        wholeXid(2, 5n * period),
      ],
      [700n, period + 700n, 800n, 4n * period + 2n],
    )
    // A row older than 2^32 transactions may look newer: it then counts as old.
    assert.strictEqual(wholeXid(800, 740n), 0n)
  })
})
