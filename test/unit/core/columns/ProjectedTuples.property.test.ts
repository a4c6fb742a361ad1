import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import { fromBytes } from "../../../../src/core/bytes/Bytes.ts"
import { type ColumnFate, projectionFor } from "../../../../src/core/columns/Projection.ts"
import type { Cell, Table } from "../../../../src/core/slot/Change.ts"
import { literalOf } from "../../../../src/core/slot/text/PrintedLiteral.ts"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import type { RowChange } from "../../../../src/core/slot/tokens/ChangeView.ts"
import { RowTokenizer } from "../../../../src/core/slot/tokens/RowTokenizer.ts"
import type { ProjectionOf } from "../../../../src/core/slot/tokens/TableMemo.ts"
import { changeRow, isPossible, isRowChange, ownColumns } from "../../../support/slot/changeRow.ts"
import { readInParts, windowedRow } from "../../../support/slot/longLineRow.ts"
import { natural, printableChange } from "../../../support/slot/printableChanges.ts"
import {
  cellsOf,
  entryOf,
  type Fates,
  hashOf,
  projectedChange,
  rulesOf,
} from "../../../support/slot/projectedChange.ts"
import { lineAmongOthers, rowIn } from "../../../support/slot/writtenRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }

const fate = Arbitrary.schema(Schema.Literals(["keep", "drop", "hash"] as const))

interface Drawn {
  readonly change: RowChange
  readonly fates: Fates
}

const tableOf = (change: RowChange): Table | undefined =>
  change._tag === "Truncate" ? change.tables[0] : change.table

/** A value that stands nowhere by accident, of the cell's type. */
const secretValue = (cell: Cell, n: number): Cell => {
  if (typeof cell.value !== "string") return cell
  const literal = literalOf(cell.type)
  if (literal === "text") return { ...cell, value: `segredo-${n}-${cell.value}` }
  return literal === "number" ? { ...cell, value: `77${n}8765432109` } : cell
}

/** The change with secret values in the columns that are not kept. */
const withSecrets = (change: RowChange, fates: Fates): RowChange => {
  let n = 0
  const secret = (cell: Cell) => ((fates.get(cell.name) ?? "keep") === "keep" ? cell : secretValue(cell, n++))
  switch (change._tag) {
    case "Insert":
      return { ...change, row: change.row.map(secret) }
    case "Update":
      return { ...change, row: change.row.map(secret), before: change.before?.map(secret) ?? null }
    case "Delete":
      return { ...change, before: change.before?.map(secret) ?? null }
    case "Truncate":
      return change
  }
}

/** A change and what happens to its columns: the old row has those of the new one, and others. */
const drawn = Arbitrary.map(
  Arbitrary.all({
    change: printableChange,
    fates: Arbitrary.array(fate, { minLength: 12, maxLength: 12 }),
    isShared: Arbitrary.schema(Schema.Boolean),
  }),
  ({ change, fates, isShared }): Drawn | undefined => {
    if (!isRowChange(change)) return undefined
    const shared: RowChange =
      isShared && change._tag === "Update" && change.before !== null
        ? {
            ...change,
            before: change.row.flatMap((cell, i) => {
              const value = change.before?.[i]?.value
              return typeof value === "string" && literalOf(cell.type) === "text" ? [{ ...cell, value }] : []
            }),
          }
        : change
    const names = [...new Set(cellsOf(shared).map(({ name }) => name))]
    const byName = new Map(names.map((name, i) => [name, fates[i] ?? ("keep" as ColumnFate)]))
    return { change: withSecrets(shared, byName), fates: byName }
  },
)

const projectionOf =
  (table: Table | undefined, fates: Fates): ProjectionOf =>
  (asked) => {
    const entries = (wanted: ColumnFate) =>
      table === undefined
        ? []
        : [...fates].filter(([, one]) => one === wanted).map(([name]) => entryOf(table, name))
    return projectionFor(rulesOf(entries("drop"), entries("hash")), [
      { schema: fromBytes(asked.schema), name: fromBytes(asked.name) },
    ])
  }

/** Every text of a value that may not be in the row. */
const secretsOf = ({ change, fates }: Drawn): ReadonlyArray<string> =>
  cellsOf(change).flatMap(({ name, value }) =>
    fates.get(name) !== "keep" && typeof value === "string"
      ? (/segredo-\d+|77\d+8765432109/.exec(value) ?? [])
      : [],
  )

/** The row that the change makes where the source holds the projected values. */
const expectedRow = ({ change, fates }: Drawn, seq: number) => {
  const projected = projectedChange(change, fates)
  const columns = ownColumns(projected)
  return { columns, row: changeRow(projected, columns, commit, seq) }
}

describe("a line of a table with a projection", () => {
  it.prop(
    "makes the row of the change with its values replaced, and no value of another column is in it",
    [drawn, drawn, natural],
    ([one, other, seq]) => {
      if (one === undefined || !isPossible(one.change)) return
      const tokens = new RowTokenizer(projectionOf(tableOf(one.change), one.fates))
      // Another line before it, and the same line twice: what the tokenizer remembers changes nothing.
      if (other !== undefined) tokens.read(lineAmongOthers(printChange(other.change)))
      const { columns, row } = expectedRow(one, seq)
      for (let time = 0; time < 2; time++) {
        assert.isTrue(tokens.read(lineAmongOthers(printChange(one.change))))
        const written = rowIn(tokens, columns, commit, seq)
        assert.strictEqual(written, row)
        for (const secret of secretsOf(one)) assert.notInclude(written, secret)
      }
    },
    { arbitrary: { runs: 1500 } },
  )

  it.prop(
    "makes the same row where its long values are read in windows",
    [drawn, Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 4096, 2 ** 30]))],
    ([one, size]) => {
      if (one === undefined || !isPossible(one.change)) return
      const text = printChange(one.change)
      const marked = Result.getOrThrow(readInParts(text, 4096, 2))
      const written = windowedRow(marked, text, size, projectionOf(tableOf(one.change), one.fates))
      const first = { ...commit, lsn: "00000000/00000001", xid: 7, at: "2025-11-03 10:15:30+00" }
      const projected = projectedChange(one.change, one.fates)
      assert.strictEqual(written, changeRow(projected, ownColumns(projected), first, 1))
    },
    { arbitrary: { runs: 1500 } },
  )
})

describe("a hash", () => {
  it("is that of the text which the CSV would hold: HMAC-SHA-256 in lower-case hexadecimal", () => {
    const { hashing } = rulesOf([], [])
    assert.strictEqual(hashing.hash(Buffer.from("'a'")), hashOf("'a'"))
    const streamed = hashing.begin()
    streamed.update(Buffer.from("'a"))
    streamed.update(Buffer.from("'"))
    assert.strictEqual(streamed.end(), hashOf("'a'"))
  })
})
