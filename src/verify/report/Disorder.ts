/** Reports duplicates and disorder among a dataset's changes. Runs only if the first reading met some. */
import { Effect, Option, Stream } from "effect"
import type { ChangeOrder, Workbench } from "../../services/lake/LakeComparison.ts"
import { ObjectStore, type StoredObject } from "../../services/lake/ObjectStore.ts"
import { readLocations } from "../rows/LocationReading.ts"
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
  objects: ReadonlyArray<StoredObject>,
  recorded: string | undefined,
  isPartitioned: boolean,
  report: ReportFinding,
) {
  const store = yield* ObjectStore
  const locations = yield* workbench.locations("locations")
  const kept = new Set<number>()
  for (const [i, { key }] of objects.entries()) {
    const { whole } = yield* readLocations(store, key, i, isPartitioned, locations)
    // `cdc` resumes at the newest object. The unreadable rows of an object may exist nowhere else.
    if (!whole || key === recorded || i === objects.length - 1) kept.add(i)
  }
  const order = yield* workbench.order(locations)
  const keyOf = (object: number) => objects[object]?.key ?? ""
  yield* Stream.runForEach(order.repeated, ({ lsn, seq, locations }) =>
    report({
      kind: "twice",
      lsn,
      seq,
      objects: locations.map(({ object, line }) => `${keyOf(object)} row ${line}`),
    }),
  )
  const advice = yield* twiceAdvice(order, kept, keyOf)
  // Objects that are copies of others were taken out above, so that they do not count as out of order.
  yield* Stream.runForEach(order.disordered, ({ object, line }) =>
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
  order: ChangeOrder,
  kept: ReadonlySet<number>,
  keyOf: (object: number) => string,
) {
  const advice: Array<string> = []
  const { covered, takeOut, shares } = yield* order.overlap
  while (advice.length < mostAdvice) {
    const found = yield* covered(kept)
    if (Option.isNone(found)) break
    const { object, changes, holders } = found.value
    advice.push(takeOutAdvice(keyOf(object), changes, holders.map(keyOf)))
    yield* takeOut(object)
  }
  const left = yield* shares.pipe(Stream.take(mostAdvice - advice.length), Stream.runCollect)
  return [
    ...advice,
    ...left.map(({ objects, changes, differing }) => shareAdvice(objects.map(keyOf), changes, differing)),
  ]
})
