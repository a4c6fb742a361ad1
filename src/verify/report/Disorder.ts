/** The order of a dataset's changes, where reading them one after the other has shown that it is broken. */
import { Effect, Option, Stream } from "effect"
import type { ComparisonEngine, Workbench } from "../../services/lake/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { readPlaces } from "../rows/PlaceReading.ts"
import * as Sql from "../sql/OrderSql.ts"
import type { ReportFinding } from "./FindingCounter.ts"
import { shareAdvice, takeOutAdvice } from "./TwiceAdvice.ts"

/** More lines of advice than this nobody reads; what is left shows when these are followed. */
const mostAdvice = 20

/**
 * Reports changes that stand twice, and objects whose rows do not follow those before them. Returns what to do about the
 * former. `recorded` is the object that the watermark names.
 */
export const reportDisorder = Effect.fnUntraced(function* (
  workbench: Workbench,
  engine: ComparisonEngine,
  objects: ReadonlyArray<StoredObject>,
  recorded: string | undefined,
  report: ReportFinding,
) {
  const store = yield* ObjectStore
  const file = yield* workbench.file("places.csv")
  const kept = new Set<number>()
  for (const [i, { key }] of objects.entries()) {
    const { whole } = yield* readPlaces(store, key, i, file)
    // `cdc` begins at the newest object. What cannot be read of an object may stand nowhere else.
    if (!whole || key === recorded || i === objects.length - 1) kept.add(i)
  }
  yield* engine.run(Sql.loadPlaces(file.path))
  const keyOf = (object: string | null | undefined) => objects[Number(object)]?.key ?? ""
  yield* Stream.runForEach(engine.rows(Sql.doubledQuery), ([lsn, seq, where]) => {
    const places = (where ?? "").split(",").map((place) => place.split(":"))
    const objects = places.map(([object, line]) => `${keyOf(object)} row ${line}`)
    return report({ kind: "twice", lsn: lsn ?? "", seq: Number(seq), objects })
  })
  const advice = yield* twiceAdvice(engine, kept, (of) => (of ?? "").split(",").map(keyOf))
  // Without the objects that are copies of others: their rows stand beside the place of the first.
  yield* Stream.runForEach(engine.rows(Sql.disorderedQuery), ([object, line]) =>
    report({
      kind: "order",
      object: keyOf(object),
      why: `row ${line} comes after rows that were committed later`,
    }),
  )
  return advice
}, Effect.scoped)

/** Objects are taken out one by one: of two that are the same, only one. Those in `kept` stay. */
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
