import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { printChange } from "../../../../src/core/slot/text/TestDecodingPrinter.ts"
import { changeRow, isRowChange, ownColumns } from "../../../support/slot/changeRow.ts"
import { printableChange } from "../../../support/slot/printableChanges.ts"
import { writtenRow } from "../../../support/slot/writtenRow.ts"

const commit = { lsn: "00000000/016B3748", xid: 733, at: "2025-11-03 10:15:30.123456+00" }

const areDistinct = (names: ReadonlyArray<string>) => new Set(names).size === names.length

describe("a row of inc", () => {
  it.effect.prop(
    "is written for every change by the letter of its description",
    [printableChange],
    ([change]) =>
      Effect.sync(() => {
        if (!isRowChange(change)) return
        const own = ownColumns(change)
        const old = change._tag === "Update" ? (change.before ?? []).map(({ name }) => name) : []
        const columns =
          change._tag === "Delete" ? ["first", ...own.flatMap((name) => [name, `${name} and another`])] : own
        if (!areDistinct(columns) || !areDistinct(old)) return
        assert.strictEqual(
          writtenRow(printChange(change), commit, 7, { columns }),
          changeRow(change, columns, commit, 7),
        )
      }),
    { arbitrary: { runs: 2000 } },
  )
})
