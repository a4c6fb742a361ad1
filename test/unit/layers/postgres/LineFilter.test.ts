import { assert, describe, it } from "@effect/vitest"
import { lineFilter } from "../../../../layers/postgres/slot/LineFilter.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"

const filter = (count: number, gonePatterns: ReadonlyArray<{ schema: string; name: string }> = []) =>
  lineFilter({
    upTo: Lsn.zero,
    maxLines: 1,
    tables: Array.from({ length: count }, (_, i) => ({ schema: "s", name: `t'${i}` })),
    gonePatterns,
  })
/** How often a line is read. */
const reads = (sql: string) => sql.split(/\bdata\b/).length - 1

describe("the filter of a peek", () => {
  it("reads a line as often for a thousand tables as for one", () => {
    assert.strictEqual(reads(filter(1000)), reads(filter(1)))
    assert.isBelow(reads(filter(1)), 6)
  })

  it("names each table once, with its quotes doubled", () => {
    assert.strictEqual(filter(1000).split("'t''999'").length, 2)
  })

  it("asks for tables that are gone only if there are patterns", () => {
    assert.notInclude(filter(1), "pg_class")
    assert.include(filter(1, [{ schema: "s", name: "t.*" }]), "pg_class")
  })
})
