import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import { snapshotView } from "../../../src/verify/snapshot/SnapshotView.ts"

const at = (position: bigint) => Lsn.printSortable(Lsn.Lsn.make(position))
const view = (snapshot: string) => Option.getOrThrow(snapshotView(snapshot, Lsn.Lsn.make(1000n)))

describe("snapshotView", () => {
  it("sees what was committed before it, and not what was in progress or came later", () => {
    const sees = view("730:740:730,735")
    const seen = [729, 730, 734, 735, 739, 740, 741].filter((xid) => sees(at(900n), xid))
    assert.deepStrictEqual(seen, [729, 734, 739])
  })

  it("sees nothing that was committed after its position", () => {
    const sees = view("730:740:")
    assert.deepStrictEqual([sees(at(1000n), 5), sees(at(1001n), 5)], [true, false])
  })

  it("compares in 32 bits the ids that it holds in 64", () => {
    const sees = view(`${2 ** 32 + 10}:${2 ** 32 + 20}:${2 ** 32 + 10}`)
    assert.deepStrictEqual(
      [9, 10, 19, 20, 2 ** 32 - 1].map((xid) => sees(at(1n), xid)),
      [true, false, true, false, true],
    )
  })

  it("sees what lies thousands of millions of transactions back", () => {
    const sees = view(`${2 ** 33}:${2 ** 33}:`)
    assert.isTrue(sees(at(1n), 2 ** 31 + 5))
    assert.isTrue(sees(at(1n), 2 ** 30))
  })

  it("is none where the text is no snapshot", () => {
    assert.isTrue(
      ["", "1", "1:2", "1:2:3,", "a:b:"].every((text) => Option.isNone(snapshotView(text, Lsn.zero))),
    )
  })
})
