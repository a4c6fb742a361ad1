import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import type { Change } from "../../src/core/Change.ts"
import { type CommitFields, incRow, type RowChange, shapeOf } from "../../src/core/IncRow.ts"
import { type LongLine, readLongLine, rowPieces } from "../../src/core/LongLine.ts"
import { decodeChange } from "../../src/core/TestDecoding.ts"
import { printChange } from "../../src/core/TestDecodingPrinter.ts"

const pieces = ["'", '"', ",", "\n", "\\", "\x01", "a", "é", "' v[text]:'", "new-tuple:"] as const

/** Short patterns repeated until they are set aside, at lengths that divide them anywhere. */
const value = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { minLength: 1, maxLength: 5 }),
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))),
  ]),
  ([pattern, length]) =>
    pattern
      .join("")
      .repeat(length / pattern.join("").length + 1)
      .slice(0, length),
)

const commit: CommitFields = { lsn: "00000000/00000001", xid: 7, at: "2025-11-03 10:15:30+00" }

const decoded = (text: string): RowChange => Result.getOrThrow(decodeChange(text)) as RowChange // only rows are printed here

const rowOf = (change: Change & { readonly _tag: "Update" }, text: string, long?: LongLine): string => {
  const row = incRow(decoded(text), shapeOf(change), commit, 1)
  return long === undefined ? row : [...rowPieces(row, long)].join("")
}

describe("a long line", () => {
  it.prop(
    "makes the same row as if it were short",
    { a: value, b: value, old: value },
    ({ a, b, old }) => {
      const name = (text: string, of: string) => ({ name: of, type: "text", value: text })
      const change: Change & { readonly _tag: "Update" } = {
        _tag: "Update",
        table: { schema: "s", name: 'it\'s "t"' },
        before: [name(old, "a"), name("x", "b")],
        row: [name(a, "a"), name(b, "b"), { name: "c", type: "bit varying", value: "01".repeat(40_000) }],
      }
      const text = printChange(change)
      const long = readLongLine(Buffer.from(text, "latin1"))
      assert.isTrue(rowOf(change, long.text, long.long) === rowOf(change, text))
    },
    { arbitrary: { runs: 60 } },
  )
})
