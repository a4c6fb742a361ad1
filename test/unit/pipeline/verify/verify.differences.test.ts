/** What `verify` says of a lake that agrees with its table, and of one that does not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { changed, compared, comparedWorld, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, incKeys, put, textOf } from "../../../support/memory/memoryWorld.ts"

const table = tableOf("t", ["id", "v"], ["id"])

/** A copy of two rows, and two objects of changes: one row in the first, of which the second changes one and ends one. */
const shop = Effect.gen(function* () {
  const [made] = (yield* created(table)).tables
  if (made === undefined) return yield* Effect.die("no table")
  yield* changed((tx) => {
    tx.insert(made, { id: "1", v: "a" })
    tx.insert(made, { id: "2", v: null })
  })
  yield* Pipeline.full
  yield* changed((tx) => tx.insert(made, { id: "3", v: "" }))
  yield* cdcOnce
  yield* changed((tx) => {
    tx.update(made, { id: "1" }, { id: "1", v: "b" })
    tx.delete(made, { id: "2" })
  })
  yield* cdcOnce
  const [first = "", second = ""] = yield* incKeys
  return { made, first, second }
})

/** Takes the changes of the operation out of the object. */
const without = (key: string, operation: string) =>
  Effect.flatMap(textOf(key), (text) =>
    put(
      key,
      text
        .split("\n")
        .filter((line) => !line.startsWith(`${operation},`))
        .join("\n"),
    ),
  )

const copy = "full/date=20251103/full_t_20251103_101530.csv"

describe("verify, of one table", () => {
  it.effect("finds equal what the lake tells of it", () =>
    Effect.gen(function* () {
      yield* shop
      const { code, lines } = yield* compared
      assert.deepStrictEqual(lines, [`t  equal  the table: 2 rows; the lake: 2 from ${copy} and 3 changes`])
      assert.strictEqual(code, 0)
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  it.effect("counts in what only the slot holds", () =>
    Effect.gen(function* () {
      const { made } = yield* shop
      yield* changed((tx) => tx.insert(made, { id: "4", v: "d" }))
      const { code, lines } = yield* compared
      assert.strictEqual(code, 0)
      assert.match(lines.join(), /^t {2}equal .* 4 changes, 1 of them still in the slot$/)
    }).pipe(Effect.provide(comparedWorld(table))),
  )

  for (const [operation, what, finding] of [
    ["I", "insert", "t  missing    id=3"],
    ["U", "update", "t  different  id=1  in v"],
    ["D", "delete", "t  extra      id=2"],
  ] as const) {
    it.effect(`names the row of which the lake lacks the ${what}`, () =>
      Effect.gen(function* () {
        const { first, second } = yield* shop
        yield* without(operation === "I" ? first : second, operation)
        const { code, lines, message } = yield* compared
        const [found, verdict = "", ...others] = lines
        assert.deepStrictEqual([code, found, others], [4, finding, []])
        assert.match(verdict, /^t {2}1 difference /)
        assert.include(message, "The lake differs in 1 place (t).")
      }).pipe(Effect.provide(comparedWorld(table))),
    )
  }

  it.effect(
    "names the object that the watermark names and that is missing, and each row that it told of",
    () =>
      Effect.gen(function* () {
        const { second } = yield* shop
        yield* Effect.flatMap(StoreAdmin, (admin) => admin.remove(second))
        const { code, lines } = yield* compared
        assert.strictEqual(code, 4)
        assert.isTrue(lines[0]?.startsWith(`t  lost       ${second}  the watermark names it`), lines[0])
        assert.deepStrictEqual(lines.slice(1, 3), ["t  different  id=1  in v", "t  extra      id=2"])
        assert.match(lines[3] ?? "", /^t {2}3 differences /)
      }).pipe(Effect.provide(comparedWorld(table))),
  )
})
