import { assert, describe, it } from "@effect/vitest"
import { printCounts, printFacts, printMarkdown } from "../../../tools/kit/TextTable.ts"

const rows = [
  ["step", "held"],
  ["watermark", 7],
]

describe("a table of a report", () => {
  it("has counts at the right", () => {
    assert.strictEqual(printCounts(rows), "step       held\nwatermark     7")
  })

  it("has facts at the left", () => {
    assert.strictEqual(printFacts(rows), "step       held\nwatermark  7")
  })

  it("has a rule below its heads in Markdown", () => {
    assert.strictEqual(
      printMarkdown(rows),
      "| step      | held |\n|-----------|------|\n| watermark | 7    |",
    )
  })
})
