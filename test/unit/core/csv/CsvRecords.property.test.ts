import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { csvRecords, fieldText } from "../../../../src/core/csv/CsvRecords.ts"
import { csvRows } from "../../../support/csv/csvRows.ts"

/** What is read of the text when it comes in chunks of this many bytes. */
const read = (text: string, chunkBytes: number) => {
  const bytes = Buffer.from(text, "latin1")
  const rows: Array<ReadonlyArray<string | null>> = []
  const reader = csvRecords((record) =>
    rows.push(Array.from({ length: record.fields }, (_, field) => fieldText(record, field))),
  )
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes))
  return { rows, whole: reader.end() }
}

const asBytes = (row: ReadonlyArray<string | null>) =>
  row.map((value) => value && Buffer.from(value).toString("latin1"))
const chunkBytes = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))

describe("csvRecords", () => {
  it.prop(
    "gives back the rows that were written, wherever the bytes are cut",
    [csvRows(3), Arbitrary.schema(chunkBytes)],
    ([drawn, size]) => {
      const rows = drawn.map(asBytes)
      assert.deepStrictEqual(read(rows.map(csvRow).join(""), size), { rows, whole: true })
    },
  )

  it("tells that the last record is cut short, in a field and in quotes", () => {
    assert.deepStrictEqual(read('a,b\nc,"d\n', 3), { rows: [["a", "b"]], whole: false })
    assert.deepStrictEqual(read("a,b\nc,d", 100), { rows: [["a", "b"]], whole: false })
  })

  it("reads rows of one column that is NULL or empty", () => {
    assert.deepStrictEqual(read('\n""\n\n', 1).rows, [[null], [""], [null]])
  })
})
