/** Compares the rows of a table with those that the lake makes of it, in the engine, and tells each that differs. */
import { Effect, Option, Stream } from "effect"
import type { ComparisonEngine } from "../../services/lake/LakeComparison.ts"
import type { ReportFinding } from "../report/FindingCounter.ts"
import { unescaped } from "../rows/ComparableRows.ts"
import type { ComparedTable } from "../sql/ComparedTable.ts"
import * as Difference from "../sql/DifferenceSql.ts"
import * as Sql from "../sql/ReplaySql.ts"

export const firstText = (engine: ComparisonEngine, query: string) =>
  Effect.map(Stream.runHead(engine.rows(query)), (row) => Option.getOrUndefined(row)?.[0] ?? null)

const printable = (value: string | null | undefined) => (value == null ? null : unescaped(value))

export interface RowDifferences {
  readonly missing: number
  readonly extra: number
  /** Columns in which rows differ. */
  readonly columns: ReadonlySet<string>
}

/** By key: whatever has one. */
export const compareKeyed = Effect.fnUntraced(function* (
  engine: ComparisonEngine,
  table: ComparedTable,
  report: ReportFinding,
) {
  yield* engine.run(Sql.stepStatements(table))
  const unsent = yield* Stream.runCollect(engine.rows(Sql.unsentQuery))
  const places = Sql.unsentPlaces(unsent.map(([found]) => found ?? ""))
  if (places.length > 0) yield* engine.run(Sql.mendStatements(table, places))
  yield* engine.run([Sql.rebuiltStatement(table, places), Difference.differingStatement(table)])
  const counts = { missing: 0, extra: 0, columns: new Set<string>() }
  const nameOf = (place: number | string): string => table.columns[Number(place)] ?? ""
  const keyOf = (values: ReadonlyArray<string | null>) =>
    table.key.map((place, i) => [nameOf(place), printable(values[i])] as const)
  if (Number(yield* firstText(engine, Difference.differentCount)) > 0) {
    yield* engine.run(Difference.partStatements(table))
    yield* Stream.runForEach(engine.rows(Difference.differentColumns(table)), ([differing, ...values]) => {
      const columns = (differing ?? "").split(",").map(nameOf)
      for (const column of columns) counts.columns.add(column)
      return report({ kind: "different", key: keyOf(values), columns })
    })
  }
  yield* Stream.runForEach(engine.rows(Difference.oneSided(table)), ([found, ...values]) => {
    const kind = found === "extra" ? "extra" : "missing"
    counts[kind]++
    return report({ kind, key: keyOf(values) })
  })
  const found: RowDifferences = counts
  return found
})

/** By counting equal rows, where no key tells them apart. */
export const compareCounted = Effect.fnUntraced(function* (
  engine: ComparisonEngine,
  table: ComparedTable,
  report: ReportFinding,
) {
  const counts = { missing: 0, extra: 0 }
  yield* Stream.runForEach(engine.rows(Difference.countedDifferences(table)), ([found, times, digest]) => {
    const kind = found === "extra" ? "extra" : "missing"
    const rows = Number(times)
    counts[kind] += rows
    return report({ kind, rows, digest: digest ?? "" })
  })
  const found: RowDifferences = { ...counts, columns: new Set() }
  return found
})
