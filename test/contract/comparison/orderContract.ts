/** What each layer of `LakeComparison` finds among the locations of changes. */
import { assert } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { LakeComparison } from "../../../src/services/lake/LakeComparison.ts"

/** An object's rows as `position` or `position:digest`. The position is `_lsn`, a sign and `_seq`. */
const ordered = Effect.fnUntraced(function* (...objects: ReadonlyArray<string>) {
  const { locations, order } = yield* (yield* LakeComparison).open
  const stored = yield* locations("locations")
  const writer = stored.writer()
  for (const [object, rows] of objects.entries()) {
    for (const [i, row] of rows.split(" ").entries()) {
      const [position = "", digest = position] = row.split(":")
      const [lsn = "", seq] = position.split(".")
      writer.add({
        object,
        line: i + 1,
        lsn: `00000000/000000${lsn}`,
        seq: Number(seq),
        partition: null,
        digest,
      })
    }
  }
  yield* writer.write
  return yield* order(stored)
})

const collected = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), (found) => [...found])

type Case = readonly [behaviour: string, program: Effect.Effect<void, unknown, LakeComparison>]

const nothing: ReadonlySet<number> = new Set()

export const orderContract: ReadonlyArray<Case> = [
  [
    "finds nothing where every change stands once and in order",
    Effect.gen(function* () {
      const order = yield* ordered("0A.1 0A.2", "0B.1")
      assert.deepStrictEqual(yield* collected(order.repeated), [])
      assert.deepStrictEqual(yield* collected(order.disordered), [])
      const { covered, shares } = yield* order.overlap
      assert.isTrue(Option.isNone(yield* covered(nothing)))
      assert.deepStrictEqual(yield* collected(shares), [])
    }).pipe(Effect.scoped),
  ],
  [
    "finds the changes that stand twice, in the order of their positions, with every location",
    Effect.gen(function* () {
      const { repeated } = yield* ordered("0B.10 0B.9 0A.1", "0B.9 0B.10 0C.1 0C.1")
      assert.deepStrictEqual(yield* collected(repeated), [
        {
          lsn: "00000000/0000000B",
          seq: 9,
          locations: [
            { object: 0, line: 2 },
            { object: 1, line: 1 },
          ],
        },
        {
          lsn: "00000000/0000000B",
          seq: 10,
          locations: [
            { object: 0, line: 1 },
            { object: 1, line: 2 },
          ],
        },
        {
          lsn: "00000000/0000000C",
          seq: 1,
          locations: [
            { object: 1, line: 3 },
            { object: 1, line: 4 },
          ],
        },
      ])
    }).pipe(Effect.scoped),
  ],
  [
    "finds the first row of each object that is older than a row before it",
    Effect.gen(function* () {
      const { disordered } = yield* ordered("0A.1 0C.1", "0B.1 0B.2 0D.1", "0E.1 0E.10 0E.9")
      assert.deepStrictEqual(yield* collected(disordered), [
        { object: 1, line: 1 },
        { object: 2, line: 3 },
      ])
    }).pipe(Effect.scoped),
  ],
  [
    "takes no change that stands twice for a disorder",
    Effect.gen(function* () {
      const { disordered } = yield* ordered("0A.1 0B.1", "0A.1 0B.1 0C.1")
      assert.deepStrictEqual(yield* collected(disordered), [])
    }).pipe(Effect.scoped),
  ],
  [
    "finds the objects that others cover: the smallest first, of equal ones the latest, none that is kept",
    Effect.gen(function* () {
      const { covered } = yield* (yield* ordered("0A.1 0A.2 0A.3", "0A.2", "0A.2", "0B.1")).overlap
      const found = yield* Effect.forEach([[], [2], [1, 2]], (kept) => covered(new Set(kept)))
      assert.deepStrictEqual(found.map(Option.getOrNull), [
        { object: 2, changes: 1, holders: [0, 1] },
        { object: 1, changes: 1, holders: [0, 2] },
        null,
      ])
    }).pipe(Effect.scoped),
  ],
  [
    "finds an object that several others cover together",
    Effect.gen(function* () {
      const { covered } = yield* (yield* ordered("0A.1 0A.2", "0A.1 0B.1", "0A.2 0B.2")).overlap
      assert.deepStrictEqual(Option.getOrNull(yield* covered(nothing)), {
        object: 0,
        changes: 2,
        holders: [1, 2],
      })
    }).pipe(Effect.scoped),
  ],
  [
    "finds no object covered whose rows have other values elsewhere",
    Effect.gen(function* () {
      const { covered } = yield* (yield* ordered("0A.1:x 0A.2:x", "0A.1:y")).overlap
      assert.isTrue(Option.isNone(yield* covered(nothing)))
    }).pipe(Effect.scoped),
  ],
  [
    "leaves out an object that was taken out",
    Effect.gen(function* () {
      const order = yield* ordered("0B.1 0B.2", "0A.1 0B.1", "0B.1")
      const { covered, takeOut, shares } = yield* order.overlap
      yield* takeOut(2)
      assert.isTrue(Option.isNone(yield* covered(nothing)))
      assert.deepStrictEqual(yield* collected(shares), [{ objects: [0, 1], changes: 1, differing: 0 }])
      yield* takeOut(0)
      assert.deepStrictEqual(yield* collected(shares), [])
      assert.deepStrictEqual(yield* collected(order.repeated), [])
      assert.deepStrictEqual(yield* collected(order.disordered), [])
    }).pipe(Effect.scoped),
  ],
  [
    "counts the changes that objects share, and those of them with other values",
    Effect.gen(function* () {
      const { shares } = yield* (yield* ordered("0A.1 0A.2:x 0A.3 0A.4 0A.4", "0A.1 0A.2:y", "0A.3")).overlap
      assert.deepStrictEqual(yield* collected(shares), [
        { objects: [0], changes: 1, differing: 0 },
        { objects: [0, 1], changes: 2, differing: 1 },
        { objects: [0, 2], changes: 1, differing: 0 },
      ])
    }).pipe(Effect.scoped),
  ],
  [
    "begins with no locations, and none that were cut",
    Effect.gen(function* () {
      const { locations, order } = yield* (yield* LakeComparison).open
      const stored = yield* locations("locations")
      const one = { object: 0, line: 1, lsn: "00000000/0000000A", seq: 1, partition: null, digest: "x" }
      const write = Effect.suspend(() => {
        const writer = stored.writer()
        writer.add(one)
        return writer.write
      })
      yield* write
      const start = yield* stored.length
      yield* write
      yield* stored.cut(start)
      assert.deepStrictEqual(yield* collected((yield* order(stored)).repeated), [])
      yield* write
      assert.strictEqual((yield* collected((yield* order(stored)).repeated)).length, 1)
    }).pipe(Effect.scoped),
  ],
]
