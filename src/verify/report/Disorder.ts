/** Reports duplicates and disorder among a dataset's changes. Runs only if the first reading met some. */
import { Effect, Option, Stream } from "effect"
import type { ComparisonEngine, Workbench } from "../../services/lake/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { readPositions } from "../rows/PositionReading.ts"
import * as Sql from "../sql/OrderSql.ts"
import type { ReportFinding } from "./FindingCounter.ts"
import { shareAdvice, takeOutAdvice } from "./TwiceAdvice.ts"

/** Nobody reads more lines of advice. The next run prints the rest. */
const mostAdvice = 20

/**
 * Reports changes that are in `inc` twice, and objects whose rows are older than rows before them. Returns advice about
 * the duplicates. `recorded` is the key of the object that the watermark names.
 */
export const reportDisorder = Effect.fnUntraced(function* (
  workbench: Workbench,
  engine: ComparisonEngine,
  objects: ReadonlyArray<StoredObject>,
  recorded: string | undefined,
  report: ReportFinding,
) {
  const store = yield* ObjectStore
  const file = yield* workbench.file("positions.csv")
  const kept = new Set<number>()
  for (const [i, { key }] of objects.entries()) {
    const { whole } = yield* readPositions(store, key, i, file)
    // `cdc` resumes at the newest object. The unreadable rows of an object may exist nowhere else.
    if (!whole || key === recorded || i === objects.length - 1) kept.add(i)
  }
  yield* engine.run(Sql.loadPositions(file.path))
  const keyOf = (object: string | null | undefined) => objects[Number(object)]?.key ?? ""
  yield* Stream.runForEach(engine.rows(Sql.doubledQuery), ([lsn, seq, where]) => {
    const rows = (where ?? "").split(",").map((row) => row.split(":"))
    const objects = rows.map(([object, line]) => `${keyOf(object)} row ${line}`)
    return report({ kind: "twice", lsn: lsn ?? "", seq: Number(seq), objects })
  })
  const advice = yield* twiceAdvice(engine, kept, (of) => (of ?? "").split(",").map(keyOf))
  // Objects that are copies of others were taken out above, so that they do not count as out of order.
  yield* Stream.runForEach(engine.rows(Sql.disorderedQuery), ([object, line]) =>
    report({
      kind: "order",
      object: keyOf(object),
      why: `row ${line} comes after rows that were committed later`,
    }),
  )
  return advice
}, Effect.scoped)

/** Takes objects out one by one, so that of two equal ones only one goes. Those in `kept` stay. */
const twiceAdvice = Effect.fnUntraced(function* (
  engine: ComparisonEngine,
  kept: ReadonlySet<number>,
  keysOf: (objects: string | null | undefined) => ReadonlyArray<string>,
) {
  const advice: Array<string> = []
  yield* engine.run(Sql.sharedStatements)
  while (advice.length < mostAdvice) {
    const covered = yield* engine.rows(Sql.coveredQuery).pipe(
      Stream.filter(([object]) => !kept.has(Number(object))),
      Stream.runHead,
    )
    if (Option.isNone(covered)) break
    const [object, rows, holders] = covered.value
    advice.push(takeOutAdvice(keysOf(object)[0] ?? "", Number(rows), keysOf(holders)))
    yield* engine.run(Sql.takenOutStatements(Number(object)))
  }
  const left = yield* engine
    .rows(Sql.sharesQuery)
    .pipe(Stream.take(mostAdvice - advice.length), Stream.runCollect)
  return [
    ...advice,
    ...left.map(([objects, shared, other]) => shareAdvice(keysOf(objects), Number(shared), Number(other))),
  ]
})
