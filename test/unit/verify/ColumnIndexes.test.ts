import { assert, describe, it } from "@effect/vitest"
import { incHeader, metaColumns } from "../../../src/core/row/IncRow.ts"
import { columnIndexes, unknownNames } from "../../../src/verify/rows/ColumnIndexes.ts"

const inInc = (columns: ReadonlyArray<string>) =>
  incHeader(columns).trimEnd().split(",").slice(metaColumns.length)

describe("columnIndexes", () => {
  it("finds columns by name, and tells which an older object lacked", () => {
    assert.deepStrictEqual(columnIndexes(["a", "gone", "b"], ["b", "new", "a"]), [2, -1, 0])
  })

  it("finds the columns that bear names of ours, which inc had to change", () => {
    for (const columns of [
      ["_op"],
      ["_op", "_op_", "x"],
      ["_op_"],
      ["_op__", "_op"],
      ["_lsn", "_op_", "_op"],
    ]) {
      assert.deepStrictEqual(columnIndexes(inInc(columns), columns), [...columns.keys()], columns.join())
      assert.deepStrictEqual(columnIndexes(columns, columns), [...columns.keys()], columns.join())
    }
  })
})

describe("unknownNames", () => {
  it("are those of no column, be it with the sign that inc appends", () => {
    const known = ["a", "_op", "_lsn", "_lsn_"]
    assert.deepStrictEqual(unknownNames(inInc(known), new Set(known)), [])
    assert.deepStrictEqual(unknownNames(["a_", "_op_", "_seq_", "b"], new Set(known)), ["a_", "_seq_", "b"])
  })
})
