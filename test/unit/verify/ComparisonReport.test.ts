import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { LakeFinding } from "../../../src/core/lake/LakeFinding.ts"
import { type ComparisonReport, jsonReport, textReport } from "../../../src/verify/report/ComparisonReport.ts"
import type { TableVerdict } from "../../../src/verify/table/TableVerdict.ts"

const verdict = (dataset: string, findings: number): TableVerdict => ({
  dataset,
  table: `public.${dataset}`,
  full: "full/f.csv",
  rows: 1000,
  rebuilt: 1000,
  changes: 1,
  waiting: 0,
  findings,
  twice: 0,
  exit: 4,
  ignored: [],
  unknown: [],
  incomparable: null,
  advice: [],
})

const keyed = (kind: "different" | "missing", id: number): LakeFinding =>
  kind === "missing" ? { kind, key: [["id", `${id}`]] } : { kind, key: [["id", `${id}`]], columns: ["v"] }

/** Table `a` differs in `differing` rows and lacks `missing`; table `b` differs in one row. */
const lines = (
  make: (print: (line: string) => Effect.Effect<void>) => ComparisonReport,
  differing: number,
  missing: number,
) =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    const report = make((line) => Effect.sync(() => void printed.push(line)))
    yield* report.begin({ lsn: "0/1", snapshot: "1:1:" })
    yield* report.beginTable("a")
    for (let id = 0; id < differing; id++) yield* report.finding("a", keyed("different", id))
    for (let id = 0; id < missing; id++) yield* report.finding("a", keyed("missing", id))
    yield* report.endTable(verdict("a", differing + missing))
    yield* report.beginTable("b")
    yield* report.finding("b", keyed("different", 1))
    yield* report.endTable(verdict("b", 1))
    yield* report.end({ equal: false, note: undefined })
    return printed
  })

describe("The report of verify", () => {
  it.effect("shows the first 20 findings of a table, and counts the rest by kind", () =>
    Effect.gen(function* () {
      const ofA = (yield* lines(textReport, 950, 50)).filter((line) => line.startsWith("a "))
      assert.strictEqual(ofA.filter((line) => /different {2}id=/.test(line)).length, 20)
      assert.deepStrictEqual(
        ofA.slice(20).map((line) => line.slice(0, 70)),
        [
          "a  and 980 more (930 different, 50 missing): `verify --json` names each",
          "a  1000 differences  the table: 1000 rows; the lake: 1000 from full/f.csv and 1 change",
        ].map((line) => line.slice(0, 70)),
      )
    }),
  )

  it.effect("says nothing of more where all are shown", () =>
    Effect.gen(function* () {
      assert.isEmpty((yield* lines(textReport, 20, 0)).filter((line) => line.includes(" more ")))
    }),
  )

  it.effect("counts anew for the next table", () =>
    Effect.gen(function* () {
      const ofB = (yield* lines(textReport, 950, 50)).filter((line) => line.startsWith("b "))
      assert.include(ofB[0], "different  id=1")
      assert.strictEqual(ofB.length, 2)
    }),
  )

  it.effect("names every finding as JSON", () =>
    Effect.gen(function* () {
      const report = JSON.parse((yield* lines(jsonReport, 950, 50)).join(""))
      assert.strictEqual(report.tables[0].findings.length, 1000)
      assert.strictEqual(report.tables[0].differences, 1000)
    }),
  )
})
