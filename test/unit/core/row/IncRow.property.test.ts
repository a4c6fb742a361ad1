import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { csvRow } from "../../../../src/core/csv/Csv.ts"
import { fitsShape, incRow } from "../../../../src/core/row/IncRow.ts"
import type { Tuple } from "../../../../src/core/slot/Change.ts"
import { printTextArray } from "../../../../src/core/source/TextArray.ts"
import { printableChange } from "../../../support/slot/printableChanges.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }

const namesOf = (tuple: Tuple) => tuple.map((cell) => cell.name)
const areDistinct = (names: ReadonlyArray<string>) => new Set(names).size === names.length

/** The row by the letter of its description, one look-up by name per column. */
const expected = (op: string, shape: ReadonlyArray<string>, row: Tuple, before: Tuple | null) => {
  const old = new Map(before?.map((cell) => [cell.name, cell.value] as const))
  const values = new Map(
    row.map(({ name, value }) => [name, value === undefined ? old.get(name) : value] as const),
  )
  const unsent = namesOf(row).filter((name) => values.get(name) === undefined)
  const members = [...old].filter((entry): entry is [string, string] => typeof entry[1] === "string")
  const json = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return csvRow([
    ...[op, commit.lsn, "7", "733", commit.at],
    before === null ? null : `{${json.join(",")}}`,
    unsent.length === 0 ? null : printTextArray(unsent),
    ...shape.map((name) => values.get(name) ?? null),
  ])
}

describe("incRow", () => {
  it.effect.prop(
    "writes every change by the letter of its description",
    [printableChange],
    ([change]) =>
      Effect.sync(() => {
        if (change._tag === "Insert" || change._tag === "Update") {
          const before = change._tag === "Update" ? change.before : null
          const shape = namesOf(change.row)
          if (!areDistinct(shape) || !areDistinct(namesOf(before ?? []))) return
          assert.isTrue(fitsShape(change, shape))
          const op = change._tag === "Insert" ? "I" : "U"
          assert.strictEqual(incRow(change, shape, commit, 7), expected(op, shape, change.row, before))
        }
        if (change._tag === "Delete") {
          const before = (change.before ?? []).filter((cell) => cell.value !== undefined)
          const shape = ["first", ...namesOf(before).flatMap((name) => [name, `${name} and another`])]
          if (!areDistinct(shape)) return
          const logged = { ...change, before }
          assert.isTrue(fitsShape(logged, shape))
          assert.strictEqual(incRow(logged, shape, commit, 7), expected("D", shape, before, null))
        }
      }),
    { arbitrary: { runs: 2000 } },
  )
})
