import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"
import type { Change } from "../../../../src/core/slot/Change.ts"
import { decodeChange, SlotText } from "../../../../src/core/slot/TestDecoding.ts"
import { printName } from "../../../../src/core/slot/text/PrintedName.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"
import { readGoldens } from "../../../support/slot/goldenLines.ts"
import {
  anyByte,
  damaged,
  natural,
  printableChange,
  trapBytes,
} from "../../../support/slot/printableChanges.ts"

const runs = { arbitrary: { runs: 1000 } }
const encode = Schema.encodeEffect(SlotText)
const decode = Schema.decodeEffect(SlotText)

/** Versions differ in which plain names they quote: keywords. All other quotes must be where they were. */
const withoutNeedlessQuotes = (text: string): string =>
  text.replaceAll(/(?<=[ .])"([a-z_][a-z0-9_]*)"(?=[.:,[])/g, "$1")

const namesIn = (change: Change): ReadonlyArray<string> => {
  const tables = "tables" in change ? change.tables : "table" in change ? [change.table] : []
  const cells = [...("row" in change ? change.row : []), ...("before" in change ? (change.before ?? []) : [])]
  return [...tables.flatMap(({ schema, name }) => [schema, name]), ...cells.map(({ name }) => name)]
}

/**
 * Whatever is accepted is one change: printed again it is the same line, and read again it is the same change. Reader and
 * printer ask the same function what a bare name is, so that is held to the rule by itself.
 */
const isOneChange = (text: string): void => {
  const change = decodeChange(text)
  if (Result.isFailure(change)) {
    assert.isAtMost(change.failure.offset, text.length)
    return
  }
  const printed = printChange(change.success)
  assert.strictEqual(withoutNeedlessQuotes(printed), withoutNeedlessQuotes(text))
  for (const name of namesIn(change.success)) {
    assert.match(printName(name), /^([a-z_][a-z0-9_]*|"([^"]|"")+")$/, text)
  }
  assert.deepStrictEqual(decodeChange(printed), change)
}

const goldenLines = readGoldens().flatMap(({ lines }) => lines)

/** Inside a message what looks like its size may fit too: then the line is the same, but not where it is divided. */
const hasTwoSizes = (change: Change): boolean =>
  change._tag === "Message" && `${change.prefix}${change.content}`.includes(", sz: ")

describe("SlotText", () => {
  it.effect.prop(
    "reads back every change that it prints",
    [printableChange],
    ([change]) =>
      Effect.gen(function* () {
        if (hasTwoSizes(change)) return
        assert.deepStrictEqual(yield* decode(yield* encode(change)), change)
      }),
    runs,
  )
})

describe("decodeChange", () => {
  it.effect.prop(
    "takes a damaged line for one change or for none",
    [printableChange, Schema.Int, trapBytes, Schema.Literals([0, 1, 5])],
    ([change, place, piece, removed]) =>
      Effect.sync(() => {
        const line = printChange(change)
        const at = Math.abs(place) % (line.length + 1)
        isOneChange(line.slice(0, at) + piece + line.slice(at + removed))
        isOneChange(line.slice(0, at))
      }),
    runs,
  )

  it.effect.prop(
    "takes what a real server printed, damaged, for one change or for none",
    [natural, natural, natural, anyByte],
    ([which, another, place, byte]) =>
      Effect.sync(() => {
        const line = goldenLines[which % goldenLines.length] ?? ""
        const other = goldenLines[another % goldenLines.length] ?? ""
        for (const text of damaged(line, other, place, byte)) isOneChange(text)
      }),
    { arbitrary: { runs: 3000 } },
  )

  it.effect.prop(
    "reads a line the same whatever lines of the table came before it",
    [printableChange],
    ([change]) =>
      Effect.sync(() => {
        if (change._tag !== "Insert" && change._tag !== "Update" && change._tag !== "Delete") return
        const cells = (change._tag === "Delete" ? change.before : change.row) ?? []
        const alone = decodeChange(printChange(change))
        const tokens = new RowTokenizer(unprojected)
        const { table } = change
        // What is remembered of the columns then fits in part: another order, another number, other types.
        for (const row of [
          cells.toReversed(),
          cells.slice(1),
          cells.map((cell, i) => (i % 2 === 0 ? { ...cell, type: "text", value: "x" } : cell)),
        ]) {
          decodeChange(printChange({ _tag: "Insert", table, row }), { tokens })
          assert.deepStrictEqual(decodeChange(printChange(change), { tokens }), alone)
          decodeChange(printChange({ _tag: "Delete", table, before: row }), { tokens })
          assert.deepStrictEqual(decodeChange(printChange(change), { tokens }), alone)
        }
      }),
    runs,
  )

  it.effect.prop(
    "takes any text for one change or for none",
    [
      Schema.Literals(["", "table ", "table a.b: UPDATE: old-key:", "message: transactional: 0 prefix: "]),
      trapBytes,
    ],
    ([start, text]) => Effect.sync(() => isOneChange(start + text)),
    runs,
  )

  it.effect.prop(
    "takes any bytes for one change or for none",
    [Arbitrary.array(anyByte)],
    ([bytes]) => Effect.sync(() => isOneChange(String.fromCharCode(...bytes))),
    runs,
  )
})

it("decodeChange takes what a real server printed, with one more quote anywhere, for one change or for none", () => {
  for (const line of goldenLines) {
    // Names and types stand at the beginning of a line; how long the values are does not matter.
    for (let at = 0; at <= Math.min(line.length, 200); at++)
      isOneChange(`${line.slice(0, at)}"${line.slice(at)}`)
  }
})

/**
 * A reader that goes back would need minutes for these and not milliseconds: longer than a test may take. At the end
 * stands whether it is a change.
 */
const repeats: ReadonlyArray<readonly [string, string, string, string, boolean]> = [
  ["a doubled quote", "table a.b: INSERT: v[text]:'", "''", "'", true],
  ["an unclosed value", "table a.b: INSERT: v[text]:'", "''", "", false],
  ["a column", "table a.b: INSERT:", " v[text]:'x'", "", true],
  ["an old column", "table a.b: UPDATE: old-key:", " v[text]:'x'", " new-tuple: v[text]:'x'", true],
  ["an unclosed name", 'table a."', '""', "", false],
  ["a word of a type", "table a.b: INSERT: v[text", " text", "]:'x'", true],
  ["a truncated table", "table a.b", ", a.b", ": TRUNCATE: (no-flags)", true],
  ["a digit", "BEGIN 1", "1", "", false],
  ["a digit of a number", "table a.b: INSERT: v[numeric]:1", "1", ".", false],
  ["a size in a message", "message: transactional: 1 prefix: ", ", sz: 1 content:", "", true],
  ["a size that is none", "message: transactional: 1 prefix: ", ", sz: ", "1", false],
]

describe("decodeChange reads a long line in a moment, repeating", () => {
  for (const [what, start, piece, end, isChange] of repeats) {
    it(what, () => {
      const text = start + piece.repeat(4_000_000 / piece.length) + end
      assert.strictEqual(Result.isSuccess(decodeChange(text)), isChange)
    })
  }
})
