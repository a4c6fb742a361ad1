import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"
import { ColumnsFit } from "../../../../src/core/row/ColumnsFit.ts"
import type { Cell } from "../../../../src/core/slot/Change.ts"
import { SlotLine } from "../../../../src/core/slot/SlotLine.ts"
import { decodeChange } from "../../../../src/core/slot/TestDecoding.ts"
import { literalOf } from "../../../../src/core/slot/text/PrintedLiteral.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { changeIn, type RowChange } from "../../../../src/core/slot/tokens/ChangeView.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../../../src/core/slot/tokens/TableMemo.ts"
import {
  changeRow,
  fitsColumns,
  type Insert,
  isPossible,
  isRowChange,
  ownColumns,
  repeats,
} from "../../../support/slot/changeRow.ts"
import { readGoldens } from "../../../support/slot/goldenLines.ts"
import {
  anyByte,
  damaged,
  natural,
  printableChange,
  trapBytes,
} from "../../../support/slot/printableChanges.ts"
import { lineAmongOthers, rowIn, writtenRow } from "../../../support/slot/writtenRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }

/** A tokenizer that has read these lines before. */
const knowing = (...lines: ReadonlyArray<string>): RowTokenizer => {
  const tokens = new RowTokenizer(unprojected)
  for (const line of lines) tokens.read(lineAmongOthers(line))
  return tokens
}

/** The line as a reader without a memory reads it; undefined where it is no line of rows. */
const alone = (text: string): RowChange | undefined => {
  const change = Result.getOrUndefined(decodeChange(text))
  return isRowChange(change) ? change : undefined
}

/** Read after other lines, the line is the same change and makes the row that the change makes. */
const isReadAndWritten = (tokens: RowTokenizer, text: string, seq: number): void => {
  const expected = alone(text)
  const isRead = tokens.read(lineAmongOthers(text))
  assert.strictEqual(isRead, expected !== undefined, text)
  if (expected === undefined) return
  assert.deepStrictEqual(changeIn(tokens), expected)
  if (!isPossible(expected)) return
  const columns = ownColumns(expected)
  assert.strictEqual(rowIn(tokens, columns, commit, seq), changeRow(expected, columns, commit, seq))
}

const otherValue = (
  cell: Cell,
  drawn: { readonly text: string; readonly number: number; readonly yes: boolean },
) => {
  switch (literalOf(cell.type)) {
    case "text":
      return drawn.text
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
        text: trapBytes,
        number: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: -1e9, maximum: 1e9 }))),
        yes: Arbitrary.schema(Schema.Boolean),
        isNull: Arbitrary.schema(Schema.Boolean),
      }),
      { minLength: 6, maxLength: 6 },
    ),
    tag: Arbitrary.schema(Schema.Literals(["Insert", "Update", "Delete"])),
    hasOld: Arbitrary.schema(Schema.Boolean),
    seq: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 40 }))),
    flip: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 20 }))),
  }),
  ({ like, drawn, tag, hasOld, seq, flip }) => {
    const known: Insert = like
    const row = known.row.map((cell, i): Cell => {
      const values = drawn[i]
      return values === undefined || values.isNull
        ? { ...cell, value: null }
        : { ...cell, value: otherValue(cell, values) }
    })
    const { table } = known
    const before = known.row.filter((cell, i) => typeof cell.value === "string" && (flip >> i) % 2 === 0)
    const changes: Record<typeof tag, RowChange> = {
      Insert: { _tag: "Insert", table, row },
      Update: { _tag: "Update", table, before: hasOld ? before : null, row },
      Delete: { _tag: "Delete", table, before },
    }
    return { known, text: printChange(changes[tag]), seq, flip }
  },
)

/** Lines that a real server printed, those of one case after the other. */
const goldenRows = readGoldens().flatMap(({ lines }) => {
  const rows = lines.filter((line) => line.startsWith("table "))
  return rows.map((text, i) => ({ text, before: rows.slice(0, i + 1) }))
})

describe("a line of rows", () => {
  it.effect.prop(
    "of columns that are known makes the row of its change",
    [pair],
    ([{ known, text, seq }]) => Effect.sync(() => isReadAndWritten(knowing(printChange(known)), text, seq)),
    { arbitrary: { runs: 1000 } },
  )

  it.effect.prop(
    "that is damaged is read after others as it is read alone, or not at all",
    [pair],
    ([{ known, text, seq, flip }]) =>
      Effect.sync(() => {
        const at = flip % text.length
        const pieces = ["", "'", "''", " ", "e5", "null", "\n", "-", "\0"]
        const broken = `${text.slice(0, at)}${pieces[flip % pieces.length]}${text.slice(at + (flip % 3))}`
        isReadAndWritten(knowing(printChange(known)), broken, seq)
      }),
    { arbitrary: { runs: 1000 } },
  )

  it.effect.prop(
    "is read and written the same after any other line of its table",
    [pair, printableChange, printableChange],
    ([{ known, seq }, other, change]) =>
      Effect.sync(() => {
        const ofTable = (one: typeof change) => ("table" in one ? { ...one, table: known.table } : one)
        const tokens = knowing(printChange(known), printChange(ofTable(other)))
        isReadAndWritten(tokens, printChange(ofTable(change)), seq)
        // What it taught makes no difference either.
        isReadAndWritten(tokens, printChange(known), seq)
      }),
    { arbitrary: { runs: 1000 } },
  )

  it.effect.prop(
    "that a real server printed, damaged too, is read after others as alone, and makes the row of its change",
    [natural, natural, natural, anyByte],
    ([which, another, place, byte]) =>
      Effect.sync(() => {
        const { text, before } = goldenRows[which % goldenRows.length] ?? assert.fail("there are goldens")
        const { text: other = "" } = goldenRows[another % goldenRows.length] ?? {}
        const tokens = knowing(...before)
        for (const line of [text, ...damaged(text, other, place, byte)]) isReadAndWritten(tokens, line, 1)
      }),
    { arbitrary: { runs: 1000 } },
  )

  it.effect.prop(
    "fits columns just where its change does, and never puts a value under another's name",
    [pair, printableChange],
    ([{ known, text, seq }, other]) =>
      Effect.sync(() => {
        const tokens = knowing(printChange(known))
        const change = alone(text)
        if (change === undefined || !isPossible(change) || !tokens.read(lineAmongOthers(text))) return
        const otherColumns = isRowChange(other) ? ownColumns(other) : []
        for (const columns of [ownColumns(known), otherColumns, ownColumns(known).slice(1)]) {
          if (repeats(columns)) continue
          assert.strictEqual(new ColumnsFit(columns).has(tokens), fitsColumns(change, columns))
          if (!fitsColumns(change, columns)) continue
          assert.strictEqual(rowIn(tokens, columns, commit, seq), changeRow(change, columns, commit, seq))
        }
      }),
    { arbitrary: { runs: 1000 } },
  )

  it("ends the bytes that it lies in, and still is read and written whole", () => {
    for (const value of ["", "a", "ab", "abc", "abcd", "abcde", 'a"bc', "a''b", "a,b''"]) {
      for (const type of ["text", "numeric"]) {
        const text = `table public.t: INSERT: v[${type}]:${type === "text" ? `'${value}'` : "12.5"}`
        const tokens = new RowTokenizer(unprojected)
        assert.isTrue(tokens.read(new SlotLine(1, Buffer.from(text, "latin1"), 0, 0, text.length)))
        assert.strictEqual(rowIn(tokens, ["v"], commit, 1), writtenRow(text, commit, 1))
      }
    }
  })

  it("holds no zero byte, whatever stands around it", () => {
    for (const value of ["\0", "abc\0def", "a,\0", 'a"bcdefgh\0', "''abcdefgh\0"]) {
      const text = `table public.t: INSERT: v[text]:'${value}'`
      assert.isUndefined(writtenRow(text, commit, 1))
      assert.isUndefined(
        writtenRow(text, commit, 1, { tokens: knowing("table public.t: INSERT: v[text]:'a'") }),
      )
    }
  })
})
