import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"
import { toBytes } from "../../../../src/core/bytes/Bytes.ts"
import { fitsShape, type Insert, incRow, type RowChange, shapeOf } from "../../../../src/core/row/IncRow.ts"
import { RowBuffer } from "../../../../src/core/row/RowBuffer.ts"
import { CommitBytes, RowTranscoder } from "../../../../src/core/row/RowTranscoder.ts"
import type { Cell, Change } from "../../../../src/core/slot/Change.ts"
import { SlotLine } from "../../../../src/core/slot/SlotLine.ts"
import { decodeSlotText } from "../../../../src/core/slot/TestDecoding.ts"
import { literalOf } from "../../../../src/core/slot/text/PrintedLiteral.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { readGoldens } from "../../../support/slot/goldenLines.ts"
import {
  anyByte,
  damaged,
  natural,
  printableChange,
  trapText,
} from "../../../support/slot/printableChanges.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }

/** What a transcoder for rows like `like` makes of the line; none where it leaves it to the codec. */
const transcoded = (like: Insert, text: string, seq: number): string | undefined => {
  const rows = new RowBuffer()
  rows.push("a row before\n")
  // Other lines stand around it, in the same bytes.
  const bytes = Buffer.from(`'${text} x[text]:'more'`, "latin1")
  const line = new SlotLine(1, bytes, 0, 1, 1 + text.length)
  const tag = new RowTranscoder(like.table, like.row).append(line, seq, new CommitBytes().set(commit), rows)
  const written = Buffer.from(rows.take()).toString("latin1").slice("a row before\n".length)
  return tag === undefined && written === "" ? undefined : written
}

/** What the codec and `incRow` make of it, for an object with the columns of `like`; none where it has no place there. */
const decoded = (like: Insert, text: string, seq: number): string | undefined => {
  const change: Change | undefined = Result.getOrUndefined(decodeSlotText(text))
  if (change?._tag !== "Insert" && change?._tag !== "Update" && change?._tag !== "Delete") return undefined
  const isOurs = change.table.schema === like.table.schema && change.table.name === like.table.name
  return isOurs && fitsShape(change, shapeOf(like)) ? incRow(change, shapeOf(like), commit, seq) : undefined
}

const asInsert = ({ table, row }: Insert): Insert => ({
  _tag: "Insert",
  table: { schema: toBytes(table.schema), name: toBytes(table.name) },
  row: row.map((cell) => ({ ...cell, name: toBytes(cell.name), type: toBytes(cell.type) })),
})

const otherValue = (
  cell: Cell,
  drawn: { readonly text: string; readonly number: number; readonly yes: boolean },
) => {
  switch (literalOf(cell.type)) {
    case "text":
      return toBytes(drawn.text)
    case "number":
      return String(drawn.number)
    case "boolean":
      return String(drawn.yes)
    case "bits":
      return drawn.number.toString(2).replace("-", "")
  }
}

/** A row, and a change of another row of the same columns, such as most lines are. */
const pair = Arbitrary.map(
  Arbitrary.all({
    like: Arbitrary.filter(printableChange, (change) => change._tag === "Insert"),
    drawn: Arbitrary.array(
      Arbitrary.all({
        text: trapText,
        number: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: -1e9, maximum: 1e9 }))),
        yes: Arbitrary.schema(Schema.Boolean),
        isNull: Arbitrary.schema(Schema.Boolean),
      }),
      { minLength: 6, maxLength: 6 },
    ),
    tag: Arbitrary.schema(Schema.Literals(["Insert", "Update", "Delete"])),
    seq: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 40 }))),
    flip: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 20 }))),
  }),
  ({ like, drawn, tag, seq, flip }) => {
    const known = asInsert(like)
    const row = known.row.map((cell, i): Cell => {
      const values = drawn[i]
      return values === undefined || values.isNull
        ? { ...cell, value: null }
        : { ...cell, value: otherValue(cell, values) }
    })
    const { table } = known
    const changes: Record<typeof tag, RowChange> = {
      Insert: { _tag: "Insert", table, row },
      Update: { _tag: "Update", table, before: null, row },
      Delete: { _tag: "Delete", table, before: row.filter((cell, i) => cell.value !== null && i % 2 === 0) },
    }
    return { known, text: printChange(changes[tag]), seq, flip }
  },
)

/** A line that a real server printed, and a row of the same case before it. */
const goldenPairs = readGoldens().flatMap(({ lines }) => {
  const inserts = lines.flatMap((line) => {
    const change = Result.getOrUndefined(decodeSlotText(line))
    return change?._tag === "Insert" ? [change] : []
  })
  return inserts.flatMap((known) => lines.map((text) => ({ known, text })))
})

const repeats = (names: ReadonlyArray<string>) => new Set(names).size < names.length

describe("RowTranscoder", () => {
  it("leaves a zero byte to the codec's way, which refuses it", () => {
    const like: Insert = {
      _tag: "Insert",
      table: { schema: "public", name: "t" },
      row: [{ name: "v", type: "text", value: "a" }],
    }
    for (const value of ["\0", "abc\0def", "a,\0"]) {
      assert.isUndefined(transcoded(like, `table public.t: INSERT: v[text]:'${value}'`, 1))
    }
  })

  it.effect.prop(
    "writes a row of known columns as the codec and incRow do",
    [pair],
    ([{ known, text, seq }]) =>
      Effect.sync(() => {
        // No table has two columns of one name, and no old row is without any.
        if (repeats(shapeOf(known)) || text.endsWith("DELETE:")) return
        assert.strictEqual(transcoded(known, text, seq), decoded(known, text, seq))
      }),
    { arbitrary: { runs: 3000 } },
  )

  it.effect.prop(
    "takes no line that the codec would not take, and none in another way",
    [pair],
    ([{ known, text, seq, flip }]) =>
      Effect.sync(() => {
        if (repeats(shapeOf(known))) return
        const at = flip % text.length
        const pieces = ["", "'", "''", " ", "e5", "null", "\n", "-", "\0"]
        const broken = `${text.slice(0, at)}${pieces[flip % pieces.length]}${text.slice(at + (flip % 3))}`
        const made = transcoded(known, broken, seq)
        if (made !== undefined) assert.strictEqual(made, decoded(known, broken, seq))
      }),
    { arbitrary: { runs: 6000 } },
  )

  it.effect.prop(
    "leaves what it does not know to the codec: whatever any line tells, it tells the same or nothing",
    [pair, printableChange],
    ([{ known, seq }, change]) =>
      Effect.sync(() => {
        const row =
          change._tag === "Insert" || change._tag === "Update" ? { ...change, table: known.table } : change
        const text = toBytes(printChange(row))
        const made = transcoded(known, text, seq)
        if (made !== undefined) assert.strictEqual(made, decoded(known, text, seq))
      }),
    { arbitrary: { runs: 1000 } },
  )

  it.effect.prop(
    "takes what a real server printed, damaged too, as the codec does or not at all",
    [natural, natural, natural, anyByte],
    ([which, another, place, byte]) =>
      Effect.sync(() => {
        const { known, text } = goldenPairs[which % goldenPairs.length] ?? assert.fail("there are goldens")
        const { text: other = "" } = goldenPairs[another % goldenPairs.length] ?? {}
        for (const line of [text, ...damaged(text, other, place, byte)]) {
          const made = transcoded(known, line, 1)
          if (made !== undefined) assert.strictEqual(made, decoded(known, line, 1))
        }
      }),
    { arbitrary: { runs: 3000 } },
  )
})
