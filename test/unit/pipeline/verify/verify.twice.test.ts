/** What `verify` advises where changes stand twice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { changed, compared, comparedWorld, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, incKeys, put, textOf } from "../../../support/memory/memoryWorld.ts"

const table = tableOf("t", ["id", "v"], ["id"])
const object = (second: number) => `inc/date=20251103/cdc_20251103_1015${second}.csv`

/** Four changes in one object, and one in the newest. Gives their lines, the header first. */
const shop = Effect.gen(function* () {
  const [made] = (yield* created(table)).tables
  if (made === undefined) return yield* Effect.die("no table")
  yield* Pipeline.full
  for (const ids of [["1", "2", "3", "4"], ["5"]]) {
    yield* changed((tx) => {
      for (const id of ids) tx.insert(made, { id, v: 'a,"b"' })
    })
    yield* cdcOnce
  }
  const [first = "", newest = ""] = yield* incKeys
  assert.deepStrictEqual([first, newest], [object(30), "inc/date=20251103/cdc_20251103_101530_0002.csv"])
  return { first, newest, lines: (yield* textOf(first)).split("\n").slice(0, -1) }
})

const csv = (lines: ReadonlyArray<string | undefined>) => lines.map((line) => `${line}\n`).join("")

/** Lines of advice, which stand below the verdict. */
const advice = Effect.gen(function* () {
  const { code, lines, message } = yield* compared
  assert.strictEqual(code, 4, message)
  assert.notInclude(message, "run `full` again")
  const verdict = lines.findIndex((line) => /^t {2}\d+ differences?/.test(line))
  return lines.slice(verdict + 1).map((line) => line.replace(/^t {2}/, ""))
})

describe("verify, where changes stand twice", () => {
  it.effect("names the object whose rows another one has too", () =>
    Effect.gen(function* () {
      const { first, lines } = yield* shop
      yield* put(object(20), csv([lines[0], lines[2], lines[3]]))
      assert.deepStrictEqual(yield* advice, [
        `Take out ${object(20)}: all its 2 rows stand in ${first} too, with the same values`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("is satisfied when that object is taken out", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      yield* put(object(20), csv([lines[0], lines[2]]))
      assert.match(
        (yield* advice).join(),
        new RegExp(`^Take out ${object(20)}: its 1 row stands in ${first}`),
      )
      yield* put(object(20), csv([lines[0]]))
      assert.strictEqual((yield* compared).code, 0)
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("names one of two objects that are the same: the later, as long as it is not the newest", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      yield* put(object(20), csv(lines))
      assert.deepStrictEqual(yield* advice, [
        `Take out ${first}: all its 4 rows stand in ${object(20)} too, with the same values`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("never takes out the newest object, nor the one that the watermark names", () =>
    Effect.gen(function* () {
      const { lines, newest, first } = yield* shop
      yield* put(object(59), csv([lines[0], lines[4]]))
      yield* put(watermarkKey, (yield* textOf(watermarkKey)).replace(newest, first))
      assert.deepStrictEqual(yield* advice, [
        `Write ${first} anew without the 1 row that ${object(59)} has too: docs/reliability.md, "Rows that stand twice", has the statement`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("names an object whose rows several others have together", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      yield* put(object(20), csv([lines[0], lines[1], lines[2], lines[3]]))
      yield* put(object(21), csv([lines[0], lines[4]]))
      assert.deepStrictEqual(yield* advice, [
        `Take out ${object(21)}: its 1 row stands in ${first} too, with the same values`,
        `Take out ${object(20)}: all its 3 rows stand in ${first} too, with the same values`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("says which object to write anew where each has rows of its own", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      const own = lines[1]?.replace(/[0-9A-F]{8}\/[0-9A-F]{8}/, "00000000/00000001")
      yield* put(object(20), csv([lines[0], own, lines[1]]))
      assert.deepStrictEqual(yield* advice, [
        `Write ${object(20)} anew without the 1 row that ${first} has too: docs/reliability.md, "Rows that stand twice", has the statement`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("says so of an object that has a row twice itself", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      yield* put(first, csv([...lines, lines[2], lines[3]]))
      assert.deepStrictEqual(yield* advice, [
        `Write ${first} anew with each row once, 2 rows of it stand twice: docs/reliability.md, "Rows that stand twice", has the statement`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("takes nothing out where the values are not the same", () =>
    Effect.gen(function* () {
      const { lines, first } = yield* shop
      yield* put(object(20), csv([lines[0], lines[3]?.replace("a,", "z,")]))
      const told = (yield* compared).lines.filter((line) => /1 change stands|Take out/.test(line))
      assert.deepStrictEqual(told, [
        `t  1 change stands in each of ${object(20)}, ${first}, with other values: restore what was changed from a copy`,
      ])
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("takes nothing out of which a row cannot be read", () =>
    Effect.gen(function* () {
      const { lines } = yield* shop
      yield* put(object(20), csv([lines[0], lines[2], "U,nonsense"]))
      assert.notInclude((yield* compared).lines.join("\n"), "Take out")
    }).pipe(Effect.provide(comparedWorld(table))),
  )
})
