import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import type { Change } from "../../../../src/core/slot/Change.ts"
import { decodeChange } from "../../../../src/core/slot/TestDecoding.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { readGoldens } from "../../../support/slot/goldenLines.ts"
import { isMarkedRead, readInParts, rowOf, windowedRow } from "../../../support/slot/longLineRow.ts"
import { anyByte, damaged, natural } from "../../../support/slot/printableChanges.ts"

const pieces = ["'", '"', ",", "\n", "\\", "\x01", "a", "é", "' v[text]:'", "new-tuple:"] as const

/** Short patterns repeated until they are set aside, at lengths that divide them anywhere. */
const value = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { minLength: 1, maxLength: 5 }),
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200_000 }))),
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

const digits = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20_000 }))),
  (length) => `-${"9".repeat(length)}.${"012".repeat(length)}`,
)

const sizes = [1, 2, 3, 7, 4096, 65_536, 2 ** 30] as const
const size = Arbitrary.schema(Schema.Literals(sizes))
/** Large values in parts of one byte each would take minutes. */
const largeSize = Arbitrary.schema(Schema.Literals([997, 4096, 65_536, 2 ** 30]))

const goldenLines = readGoldens().flatMap(({ lines }) => lines.filter((line) => line.startsWith("table ")))

describe("a long line", () => {
  it.prop(
    "makes the same row as if it were short, wherever its parts and the windows of its values are cut",
    { a: value, b: value, old: value, bits, oldBits: bits, digits, part: largeSize, window: largeSize },
    ({ a, b, old, bits, oldBits, digits, part, window }) => {
      const name = (text: string, of: string) => ({ name: of, type: "text", value: text })
      const change: Change & { readonly _tag: "Update" } = {
        _tag: "Update",
        table: { schema: "s", name: 'it\'s "t"' },
        before: [
          name(old, "a"),
          name("x", "b"),
          { name: "c", type: "bit", value: oldBits },
          { name: "d", type: "bytea", value: old },
          { name: "e", type: "numeric", value: digits },
        ],
        row: [
          name(a, "a"),
          name(b, "b"),
          { name: "c", type: "bit varying", value: bits },
          { name: "d", type: "bytea", value: undefined },
          { name: "e", type: "numeric", value: digits },
        ],
      }
      const text = printChange(change)
      const marked = Result.getOrThrow(readInParts(text, part))
      assert.isBelow(marked.length, 10 * 4200)
      assert.isTrue(windowedRow(marked, text, window) === rowOf(text))
    },
    { arbitrary: { runs: 50 } },
  )

  it.prop(
    "is taken, damaged too, just where it would be taken if it were short, and makes the same row",
    [natural, natural, natural, anyByte, size, size],
    ([which, another, place, byte, part, window]) => {
      const line = goldenLines[which % goldenLines.length] ?? ""
      const other = goldenLines[another % goldenLines.length] ?? ""
      for (const text of [line, ...damaged(line, other, place, byte)]) {
        const marked = readInParts(text, part, 2)
        const isTaken = Result.isSuccess(decodeChange(text))
        assert.strictEqual(Result.isSuccess(marked) && isMarkedRead(marked.success), isTaken, text)
        if (isTaken && Result.isSuccess(marked)) {
          assert.strictEqual(windowedRow(marked.success, text, window), rowOf(text))
        }
      }
    },
    { arbitrary: { runs: 4000 } },
  )

  it("is refused where a quote is not closed, and where more is left of it than a row of PostgreSQL leaves", () => {
    const begin = "table public.t: INSERT: v[text]:"
    const failure = (text: string) => Result.getOrUndefined(Result.flip(readInParts(text, 65_536)))
    assert.strictEqual(failure(begin + "'".repeat(100_001)), "a quote that is not closed")
    assert.strictEqual(
      failure(begin + "true".repeat(9_000_000)),
      "more than 33554432 bytes beside its long values",
    )
    assert.strictEqual(failure(`${begin}"${"x".repeat(40_000_000)}`), "a name or a type that is too long")
  })
})
