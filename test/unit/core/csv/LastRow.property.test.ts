import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Option, Result, Schema } from "effect"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { lastRowStart, rowPosition } from "../../../../src/core/csv/LastRow.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { atOrBefore } from "../../../../src/core/row/RowPosition.ts"

/** Values made of what could mislead a reader that comes from behind. */
const values = Arbitrary.array(
  Arbitrary.schema(Schema.Literals(['"', "\n", ",", "x", '\nD,00000000/00000001,1,1,"', 'I,0,"\n"'])),
).pipe(Arbitrary.map((parts) => parts.join("")))
const rows = Arbitrary.array(Arbitrary.array(values))

describe("the last row of an object", () => {
  it.prop("is found from behind, whatever the values hold", { rows }, ({ rows: generated }) => {
    const printed = [["_op", "a"], ...generated.filter((row) => row.length > 0)].map((row) => csvRow(row))
    const object = Buffer.from(printed.join(""), "latin1")
    const start = object.length - (printed.at(-1)?.length ?? 0)
    assert.deepStrictEqual(lastRowStart(object, true), Option.some(start))
    for (let cut = start; cut > 0 && cut > start - 20; cut--) {
      assert.deepStrictEqual(
        Option.map(lastRowStart(object.subarray(cut - 1), cut === 1), (at) => at + cut - 1),
        Option.some(start),
      )
    }
  })

  it("asks for more when it begins before the bytes at hand", () => {
    assert.deepStrictEqual(lastRowStart(Buffer.from('tail"\n'), false), Option.none())
  })

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
