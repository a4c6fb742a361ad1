/** Compares a table's rows with the rebuilt ones in the engine, and reports each that differs. */
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

/** Compares by key. */
export const compareKeyed = Effect.fnUntraced(function* (
  engine: ComparisonEngine,
  table: ComparedTable,
  report: ReportFinding,
) {
  yield* engine.run(Sql.stepStatements(table))
  const unsent = yield* Stream.runCollect(engine.rows(Sql.unsentQuery))
  const indexes = Sql.unsentIndexes(unsent.map(([found]) => found ?? ""))
  if (indexes.length > 0) yield* engine.run(Sql.fillStatements(table, indexes))
  yield* engine.run([Sql.rebuiltStatement(table, indexes), Difference.differingStatement(table)])
  const counts = { missing: 0, extra: 0, columns: new Set<string>() }
  const nameOf = (index: number | string): string => table.columns[Number(index)] ?? ""
  const keyOf = (values: ReadonlyArray<string | null>) =>
    table.key.map((index, i) => [nameOf(index), printable(values[i])] as const)
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

/** Compares by counting equal rows, for tables without a key. */
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
