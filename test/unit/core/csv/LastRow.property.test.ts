import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Option, Result, Schema } from "effect"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { backwardSearch, ForwardSearch, rowPosition } from "../../../../src/core/csv/LastRow.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { atOrBefore } from "../../../../src/core/row/RowPosition.ts"

/** Values made of what could mislead a reader that comes from behind. */
const values = Arbitrary.array(
  Arbitrary.schema(Schema.Literals(['"', "\n", ",", "x", '\nD,00000000/00000001,1,1,"', 'I,0,"\n"'])),
).pipe(Arbitrary.map((parts) => parts.join("")))
const rows = Arbitrary.array(Arbitrary.array(values))

describe("the last row of an object", () => {
  const inWindows = (object: Buffer, size: number): string | undefined => {
    const search = backwardSearch()
    for (let end = object.length; ; end -= size) {
      const found = search(object.subarray(Math.max(0, end - size), end), end <= size)
      if (found !== undefined || end <= size) return found && Buffer.from(found).toString("latin1")
    }
  }

  const inChunks = (object: Buffer, size: number): string => {
    const search = new ForwardSearch()
    for (let at = 0; at < object.length; at += size) search.push(object.subarray(at, at + size))
    return Buffer.from(search.beginning).toString("latin1")
  }

  it.prop(
    "is found from behind and from before, whatever the values hold",
    { rows },
    ({ rows: generated }) => {
      const printed = [["_op", "a"], ...generated.filter((row) => row.length > 0)].map((row) => csvRow(row))
      const object = Buffer.from(printed.join(""), "latin1")
      const expected = printed.at(-1)?.slice(0, 200)
      for (const size of [1, 2, 3, 7, 50, object.length]) {
        assert.strictEqual(inWindows(object, size), expected, `windows of ${size}`)
        assert.strictEqual(inChunks(object, size), expected, `chunks of ${size}`)
      }
    },
  )

  it("tells its position and its transaction", () => {
    const row = "U,00000001/0000ABCD,12,733,2025-01-01 00:00:00+00,,,5\n"
    assert.deepStrictEqual(
      rowPosition(row),
      Result.succeed(
        Option.some({ lsn: Lsn.Lsn.make(0x10000abcdn), seq: 12, xid: 733, at: "2025-01-01 00:00:00+00" }),
      ),
    )
  })

  it("is none in an object that holds its header alone", () => {
    assert.deepStrictEqual(rowPosition("_op,_lsn,_seq\n"), Result.succeed(Option.none()))
  })

  it("is refused in an object that is not of inc", () => {
    assert.isTrue(Result.isFailure(rowPosition("1,João\n")))
  })
})

describe("the order of changes", () => {
  it("is by commit, then by line", () => {
    const at = (lsn: bigint, seq: number) => ({ lsn: Lsn.Lsn.make(lsn), seq })
    assert.isTrue(atOrBefore(at(1n, 9), at(2n, 1)))
    assert.isTrue(atOrBefore(at(2n, 1), at(2n, 1)))
    assert.isFalse(atOrBefore(at(2n, 2), at(2n, 1)))
    assert.isFalse(atOrBefore(at(3n, 1), at(2n, 9)))
  })
})
