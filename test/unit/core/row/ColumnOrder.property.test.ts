import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { ColumnOrder } from "../../../../src/core/row/ColumnOrder.ts"
import { fitsColumns } from "../../../support/slot/changeRow.ts"

const columns = ["a", "b", "c", "d", "e", "f", "g"]
const natural = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff }))

/** A table, and old rows of it: each without the columns that were NULL. */
const drawn = Arbitrary.map(
  Arbitrary.all({
    ranks: Arbitrary.array(Arbitrary.schema(natural), { minLength: 7, maxLength: 7 }),
    present: Arbitrary.array(Arbitrary.schema(natural), { minLength: 1, maxLength: 12 }),
    hint: Arbitrary.array(Arbitrary.schema(Schema.Literals(["a", "c", "g", "new"]))),
  }),
  ({ ranks, present, hint }) => {
    const table = columns.toSorted(
      (a, b) => (ranks[columns.indexOf(a)] ?? 0) - (ranks[columns.indexOf(b)] ?? 0),
    )
    return { table, hint, rows: present.map((bits) => table.filter((_, i) => (bits >> i) % 2 === 1)) }
  },
)

const table = { schema: "s", name: "t" }
const deleted = (names: ReadonlyArray<string>) => ({
  _tag: "Delete" as const,
  table,
  before: names.map((name) => ({ name, type: "text", value: "x" })),
})

describe("ColumnOrder", () => {
  it.prop(
    "orders the columns of all rows of a table, and no others",
    [drawn],
    ([{ table, rows, hint }]) => {
      const order = new ColumnOrder()
      for (const names of rows) assert.isTrue(order.add(names))
      const ordered = order.inOrder(hint) ?? []
      assert.deepStrictEqual([...ordered].sort(), [...new Set(rows.flat())].sort())
      for (const names of rows) assert.isTrue(fitsColumns(deleted(names), ordered))
      assert.isTrue(order.fitsIn(ordered))
      assert.isTrue(order.fitsIn(table))
    },
    { arbitrary: { runs: 1000 } },
  )

  it.prop(
    "fits into just the columns that hold each of the rows",
    [drawn, drawn],
    ([{ rows }, { table }]) => {
      const order = new ColumnOrder()
      for (const names of rows) order.add(names)
      for (const candidate of [table, table.slice(1), table.slice(0, 4)]) {
        const holdsAll = rows.every((names) => fitsColumns(deleted(names), candidate))
        assert.strictEqual(order.fitsIn(candidate), holdsAll)
      }
    },
    { arbitrary: { runs: 1000 } },
  )

  it("refuses what contradicts the rows before, and goes on without it", () => {
    const order = new ColumnOrder()
    assert.isTrue(order.add(["a", "b"]))
    assert.isTrue(order.add(["b", "c"]))
    assert.isFalse(order.add(["c", "new", "a"]))
    assert.isFalse(order.add(["a", "a"]))
    assert.isTrue(order.add(["d", "a", "c"]))
    assert.deepStrictEqual(order.inOrder([]), ["d", "a", "b", "c"])
  })

  it("takes the hint where the rows leave it open", () => {
    const order = new ColumnOrder()
    order.add(["b", "z"])
    order.add(["a", "z"])
    assert.deepStrictEqual(order.inOrder(["z", "a", "new", "b"]), ["a", "b", "z"])
  })
})
