import { assert, describe, it } from "@effect/vitest"
import { csvField, csvRow } from "../../../../src/core/csv/Csv.ts"

describe("csvField", () => {
  const fields: ReadonlyArray<readonly [string, string | null, string]> = [
    ["writes nothing for NULL", null, ""],
    ["quotes the empty string, which is not NULL", "", '""'],
    ["leaves plain text as it is", "João — ação", "João — ação"],
    ["leaves blanks, tabs and apostrophes as they are", " a\tb'c ", " a\tb'c "],
    ["leaves a backslash and a dot as they are among other fields", "\\.", "\\."],
    ["quotes a comma", "a,b", '"a,b"'],
    ["doubles a quote", 'a"b', '"a""b"'],
    ["quotes a newline", "a\nb", '"a\nb"'],
    ["quotes a carriage return", "a\rb", '"a\rb"'],
    ["leaves what a spreadsheet would take for a formula", "=1+1", "=1+1"],
  ]
  for (const [what, value, expected] of fields) it(what, () => assert.strictEqual(csvField(value), expected))
})

describe("csvRow", () => {
  it("ends with a newline", () => {
    assert.strictEqual(csvRow(["a", null, ""]), 'a,,""\n')
  })

  it("quotes the old end-of-data mark where it is the only field", () => {
    assert.strictEqual(csvRow(["\\."]), '"\\."\n')
  })

  it("leaves the old end-of-data mark where there are other fields", () => {
    assert.strictEqual(csvRow(["\\.", null]), "\\.,\n")
  })
})
