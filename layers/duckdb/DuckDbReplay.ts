/** Rebuilds a table and compares it, by the statements of `sql/`. */
import { Effect, Stream } from "effect"
import type { RowDifference, RowKey } from "../../src/core/lake/LakeFinding.ts"
import type { ComparedTable } from "../../src/services/lake/ComparedRows.ts"
import type { Replay, ReplaySource } from "../../src/services/lake/LakeComparison.ts"
import { type DuckDbEngine, numberOf } from "./DuckDbEngine.ts"
import { unescaped } from "./rows/ComparableRows.ts"
import { pathOf } from "./rows/RowFile.ts"
import * as Difference from "./sql/DifferenceSql.ts"
import * as Sql from "./sql/ReplaySql.ts"

const printable = (value: string | null | undefined) => (value == null ? null : unescaped(value))

/** Compares by key. */
const keyedDifferences = Effect.fnUntraced(function* (engine: DuckDbEngine, table: ComparedTable) {
  yield* engine.run(Sql.stepStatements(table))
  const unsent = yield* Stream.runCollect(engine.rows(Sql.unsentQuery))
  const indexes = Sql.unsentIndexes(unsent.map(([found]) => found ?? ""))
  if (indexes.length > 0) yield* engine.run(Sql.fillStatements(table, indexes))
  yield* engine.run([Sql.rebuiltStatement(table, indexes), Difference.differingStatement(table)])
  const nameOf = (index: number | string): string => table.columns[Number(index)] ?? ""
  const keyOf = (values: ReadonlyArray<string | null>): RowKey =>
    table.key.map((index, i) => [nameOf(index), printable(values[i])] as const)
  const oneSided = Stream.map(
    engine.rows(Difference.oneSided(table)),
    ([found, ...values]): RowDifference => ({
      kind: found === "extra" ? "extra" : "missing",
      key: keyOf(values),
    }),
  )
  if ((yield* numberOf(engine, Difference.differentCount)) === 0) return oneSided
  yield* engine.run(Difference.partStatements(table))
  return Stream.map(
    engine.rows(Difference.differentColumns(table)),
    ([differing, ...values]): RowDifference => ({
      kind: "different",
      key: keyOf(values),
      columns: (differing ?? "").split(",").map(nameOf),
    }),
  ).pipe(Stream.concat(oneSided))
})

/** Compares by counting equal rows, for tables without a key. */
const countedDifferences = (engine: DuckDbEngine, table: ComparedTable) =>
  Stream.map(
    engine.rows(Difference.countedDifferences(table)),
    ([found, times, digest]): RowDifference => ({
      kind: found === "extra" ? "extra" : "missing",
      rows: Number(times),
      digest: digest ?? "",
    }),
  )

/** `folder` is the workbench's. */
export const replayIn = Effect.fnUntraced(function* (
  engine: DuckDbEngine,
  folder: string,
  { table, live, copied, changes, mayRepeat }: ReplaySource,
) {
  const files = { live: pathOf(folder, live), copied: pathOf(folder, copied), event: pathOf(folder, changes) }
  yield* engine.run(Sql.loadStatements(table, files, mayRepeat))
  const replay: Replay = {
    unidentified: yield* numberOf(engine, Sql.unidentifiedQuery(table)),
    differences:
      table.key.length > 0
        ? Stream.unwrap(keyedDifferences(engine, table))
        : countedDifferences(engine, table),
  }
  return replay
})
