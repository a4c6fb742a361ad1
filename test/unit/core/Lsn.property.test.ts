import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Option, Schema } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"

const lsns = Arbitrary.schema(
  Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 0xffff_ffff_ffff_ffffn })),
)

describe("Lsn", () => {
  it("prints as PostgreSQL does", () => {
    assert.strictEqual(Lsn.print(Lsn.Lsn.make(0x16b374d848n)), "16/B374D848")
    assert.strictEqual(Lsn.print(Lsn.zero), "0/0")
  })

  it.prop("reads back what it prints, in both forms", { lsn: lsns }, ({ lsn }) => {
    const position = Lsn.Lsn.make(lsn)
    assert.deepStrictEqual(Lsn.parse(Lsn.print(position)), Option.some(position))
    assert.deepStrictEqual(Lsn.parse(Lsn.printSortable(position)), Option.some(position))
  })

  it.prop("sorts as text where the printed form alone would not", { a: lsns, b: lsns }, ({ a, b }) => {
    const [x, y] = [Lsn.Lsn.make(a), Lsn.Lsn.make(b)]
    assert.strictEqual(Lsn.printSortable(x) < Lsn.printSortable(y), x < y)
  })

  it("refuses what is not a position", () => {
    for (const text of ["", "0", "0/", "/0", "G/0", "0/123456789", " 0/0", "0/0\n"]) {
      assert.isTrue(Option.isNone(Lsn.parse(text)), JSON.stringify(text))
    }
  })
})
