import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import type { Change } from "../../src/core/Change.ts"
import { type CommitFields, incRow, type RowChange, type Shape, shapeOf } from "../../src/core/IncRow.ts"
import { type LongLine, readLongLine, rowPieces } from "../../src/core/LongLine.ts"
import { decodeChange } from "../../src/core/TestDecoding.ts"
import { printChange } from "../../src/core/TestDecodingPrinter.ts"
import { readGoldens } from "../support/goldenLines.ts"
import { anyByte, damaged, natural } from "../support/printableChanges.ts"

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

/** Of less than what is set aside, and of more. */
const bits = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50_000 }))),
  (length) => "011".repeat(length),
)

const commit: CommitFields = { lsn: "00000000/00000001", xid: 7, at: "2025-11-03 10:15:30+00" }

const decoded = (text: string): RowChange => Result.getOrThrow(decodeChange(text)) as RowChange // only rows are printed here

const shapeFor = (change: RowChange): Shape => {
  if (change._tag === "Insert" || change._tag === "Update") return shapeOf(change)
  return change._tag === "Delete" ? (change.before ?? []).map(({ name }) => name) : []
}

const rowOf = (text: string, long?: LongLine): string => {
  const change = decoded(text)
  const row = incRow(change, shapeFor(change), commit, 1)
  return long === undefined ? row : [...rowPieces(row, long)].join("")
}

const goldenLines = readGoldens().flatMap(({ lines }) => lines.filter((line) => line.startsWith("table ")))

describe("a long line", () => {
  it.prop(
    "makes the same row as if it were short",
    { a: value, b: value, old: value, bits, oldBits: bits },
    ({ a, b, old, bits, oldBits }) => {
      const name = (text: string, of: string) => ({ name: of, type: "text", value: text })
      const change: Change & { readonly _tag: "Update" } = {
        _tag: "Update",
        table: { schema: "s", name: 'it\'s "t"' },
        before: [name(old, "a"), name("x", "b"), { name: "c", type: "bit", value: oldBits }],
        row: [name(a, "a"), name(b, "b"), { name: "c", type: "bit varying", value: bits }],
      }
      const text = printChange(change)
      const read = Result.getOrThrow(readLongLine(Buffer.from(text, "latin1")))
      assert.isBelow(read.text.length, 5 * 66_000)
      assert.isTrue(rowOf(read.text, read.long) === rowOf(text))
    },
    { arbitrary: { runs: 60 } },
  )

  it.prop(
    "is taken, damaged too, just where it would be taken if it were short, and makes the same row",
    [natural, natural, natural, anyByte],
    ([which, another, place, byte]) => {
      const line = goldenLines[which % goldenLines.length] ?? ""
      const other = goldenLines[another % goldenLines.length] ?? ""
      for (const text of [line, ...damaged(line, other, place, byte)]) {
        const read = readLongLine(Buffer.from(text, "latin1"), 2)
        const isTaken = Result.isSuccess(decodeChange(text)) && !text.includes("\0")
        assert.strictEqual(
          Result.isSuccess(read) && Result.isSuccess(decodeChange(read.success.text)),
          isTaken,
          text,
        )
        if (isTaken && Result.isSuccess(read)) {
          assert.strictEqual(rowOf(read.success.text, read.success.long), rowOf(text))
        }
      }
    },
    { arbitrary: { runs: 4000 } },
  )

  it("is refused where a quote is not closed, and where more is left of it than a row of PostgreSQL leaves", () => {
    const begin = Buffer.from("table public.t: INSERT: v[text]:")
    const unclosed = Buffer.concat([begin, Buffer.alloc(100_001, "'")])
    assert.deepStrictEqual(
      Result.getOrUndefined(Result.flip(readLongLine(unclosed))),
      "a quote that is not closed",
    )
    const bare = Buffer.alloc(300_000_000, "1")
    begin.copy(bare)
    assert.include(Result.getOrUndefined(Result.flip(readLongLine(bare))) ?? "", "300000000 bytes beside")
  })
})
