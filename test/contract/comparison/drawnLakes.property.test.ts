/** DuckDB and memory make the same of any changes, also of those that no table can have had. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Stream } from "effect"
import * as CsvFormat from "../../../layers/csv/CsvFormat.ts"
import * as DuckDbComparison from "../../../layers/duckdb/DuckDbComparison.ts"
import * as MemoryComparison from "../../../layers/memory/comparison/MemoryComparison.ts"
import * as MemoryObjectStore from "../../../layers/memory/MemoryObjectStore.ts"
import type { PlacedChange } from "../../../src/services/lake/ComparedRows.ts"
import {
  type CoveredObject,
  LakeComparison,
  type Workbench,
} from "../../../src/services/lake/LakeComparison.ts"
import { Random } from "../../support/Random.ts"
import { type ComparedLake, comparedIn, copy, inc, tableOf } from "./comparedLake.ts"

const lakes = 25
const ids = ["1", "2", "3"]

const value = (random: Random) => random.pick([null, "", "a", "b"])
const row = (random: Random, id: string) => [id, value(random), value(random)]

const change = (random: Random, table: ComparedLake["table"], xid: number): Parameters<typeof inc>[1] => {
  const op = random.weighted({ I: 4, U: 10, D: 3, T: 0.5 })
  const id = random.pick(ids)
  if (op === "T") return ["T", xid, [null, null, null]]
  const hasKey = table.key.length > 0
  if (op === "D") return ["D", xid, hasKey ? [id, null, null] : row(random, id)]
  const values = row(random, id)
  if (op === "I") return ["I", xid, values]
  const before = { i: random.pick(ids), ...(hasKey ? {} : { v: random.pick(["", "a"]) }) }
  const isToast = hasKey && random.is(0.5)
  return [
    "U",
    xid,
    isToast ? [id, null, values[2] ?? null] : values,
    { ...(hasKey && random.is(0.6) ? {} : { before }), ...(isToast ? { unchanged: "v" } : {}) },
  ]
}

const copied = (random: Random) =>
  copy("ivw", ...ids.filter(() => random.is(0.6)).map((id) => row(random, id)))

const drawn = (random: Random): ComparedLake => {
  const table = tableOf("ivw", random.is(0.7) ? "i" : "")
  const changes = Array.from({ length: random.between(0, 12) }, (_, i) => change(random, table, i + 10))
  const objects = Array.from({ length: random.between(1, 3) }, () =>
    inc("ivw", ...changes.filter(() => random.is(0.6))),
  )
  return { table, live: copied(random), copied: copied(random), incs: objects }
}

const opened = (layer: Layer.Layer<LakeComparison>) =>
  Effect.provide(
    Effect.flatMap(LakeComparison, ({ open }) => open),
    layer,
  )

const location = (random: Random, object: number, line: number): PlacedChange => ({
  object,
  line,
  lsn: `00000000/0000000${random.pick(["A", "B", "C"])}`,
  seq: random.between(1, 4),
  partition: random.pick([null, null, "s.a", "s.b"]),
  digest: random.pick(["x", "x", "y"]),
})

/** The locations of the changes of some objects. */
const drawnLocations = (random: Random): ReadonlyArray<PlacedChange> =>
  Array.from({ length: random.between(1, 4) }, (_, object) =>
    Array.from({ length: random.between(1, 5) }, (_, i) => location(random, object, i + 1)),
  ).flat()

/** Everything that a layer finds, while it takes out each object that is covered. */
const orderFound = Effect.fnUntraced(function* (workbench: Workbench, drawn: ReadonlyArray<PlacedChange>) {
  const locations = yield* workbench.locations("locations")
  const writer = locations.writer()
  for (const one of drawn) writer.add(one)
  yield* writer.write
  const order = yield* workbench.order(locations)
  const repeated = yield* Stream.runCollect(order.repeated)
  const { covered, takeOut, shares } = yield* order.overlap
  const taken: Array<CoveredObject> = []
  for (;;) {
    const found = yield* covered(new Set([0]))
    if (Option.isNone(found)) break
    taken.push(found.value)
    yield* takeOut(found.value.object)
  }
  const left = [yield* Stream.runCollect(shares), yield* Stream.runCollect(order.disordered)]
  return [repeated, taken, ...left]
}, Effect.scoped)

describe("the comparisons by DuckDB and in memory", () => {
  it.effect("find the same differences in the same order", () =>
    Effect.gen(function* () {
      const duckDb = yield* opened(DuckDbComparison.layer)
      const memory = yield* opened(MemoryComparison.layer)
      let differing = 0
      for (let seed = 0; seed < lakes; seed++) {
        const lake = drawn(new Random(seed))
        const found = yield* comparedIn(memory, lake)
        assert.deepStrictEqual(found, yield* comparedIn(duckDb, lake), `seed ${seed}`)
        if (typeof found !== "number") differing += found.length
      }
      assert.isAbove(differing, lakes)
    }).pipe(Effect.provide(Layer.merge(MemoryObjectStore.layer, CsvFormat.layer("none")))),
  )

  it.effect("find the same duplicates and the same disorder", () =>
    Effect.gen(function* () {
      const duckDb = yield* opened(DuckDbComparison.layer)
      const memory = yield* opened(MemoryComparison.layer)
      for (let seed = 0; seed < lakes; seed++) {
        const locations = drawnLocations(new Random(seed))
        const found = yield* orderFound(memory, locations)
        assert.deepStrictEqual(found, yield* orderFound(duckDb, locations), `seed ${seed}`)
      }
    }),
  )
})
