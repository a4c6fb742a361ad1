/** `verify` of a lake with a schema history. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { parseSchemaKey } from "../../../../src/core/lake/ObjectKey.ts"
import { full } from "../../../../src/Pipeline.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { changed, compared, comparedWorld, created, tableOf } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, ended, lakeKeys, textOf, watermarkLines } from "../../../support/memory/memoryWorld.ts"

const keyed = tableOf("t", ["id", "v"], ["id"])
const whole = tableOf("t", ["id", "v"], [], "full")
const added = { name: "x", type: "text", nullable: true, missing: "kept" }

/** A copy of two rows, and a third one in `inc`. */
const begun = Effect.fnUntraced(function* (definition = keyed) {
  const { server, tables } = yield* created(definition)
  const [t] = tables
  if (t === undefined) return yield* Effect.die("no table")
  yield* changed((tx) => {
    tx.insert(t, { id: "1", v: "a" })
    tx.insert(t, { id: "2", v: "b" })
  })
  yield* full
  yield* changed((tx) => tx.insert(t, { id: "3", v: "c" }))
  yield* cdcOnce
  return { server, t }
})

const isEqual = Effect.map(compared, ({ code, lines, message }) =>
  assert.strictEqual(code, 0, lines.join("\n") + message),
)

describe("verify, with the schema history", () => {
  for (const definition of [keyed, whole]) {
    const kind = definition === keyed ? "with a key" : "without a key"
    it.effect(`finds no difference after columns were added, renamed and dropped, ${kind}`, () =>
      Effect.gen(function* () {
        const { t } = yield* begun(definition)
        t.addColumn(added)
        yield* isEqual
        yield* changed((tx) => tx.update(t, { id: "2" }, { v: "z" }))
        yield* cdcOnce
        t.renameColumn("v", "w")
        yield* changed((tx) => tx.update(t, { id: "1" }, { x: "new" }))
        yield* cdcOnce
        yield* changed((tx) => tx.delete(t, { id: "3" }))
        yield* isEqual
        yield* cdcOnce
        t.addColumn({ ...added, name: "y", missing: "late" })
        yield* isEqual
        yield* changed((tx) => tx.insert(t, { id: "4", w: "d", x: null, y: null }))
        yield* isEqual
        yield* cdcOnce
        t.dropColumn("x")
        yield* isEqual
      }).pipe(Effect.provide(comparedWorld(definition))),
    )
  }

  it.effect("takes a column that was dropped and added again for another", () =>
    Effect.gen(function* () {
      const { t } = yield* begun()
      t.dropColumn("v")
      t.addColumn({ name: "v", type: "text", nullable: true })
      yield* changed((tx) => tx.update(t, { id: "2" }, { v: "n" }))
      yield* cdcOnce
      yield* isEqual
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("counts a schema as no foreign object", () =>
    Effect.gen(function* () {
      yield* begun()
      const { lines } = yield* compared
      assert.notInclude(lines.join("\n"), "_schema_")
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("compares by names where the history is lost", () =>
    Effect.gen(function* () {
      const { t } = yield* begun()
      const admin = yield* StoreAdmin
      for (const key of yield* lakeKeys) if (Option.isSome(parseSchemaKey(key))) yield* admin.remove(key)
      yield* isEqual
      t.renameColumn("v", "w")
      assert.strictEqual((yield* compared).code, 4)
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )
})

describe("a rewritten table", () => {
  const state = Effect.map(watermarkLines, (lines) => lines.filter((line) => line.startsWith("from.t=")))

  it.effect(
    "needs a full after its columns and its file have changed together, and is complete after it",
    () =>
      Effect.gen(function* () {
        const { t } = yield* begun()
        t.alterType("v", "integer", () => "7")
        yield* changed((tx) => tx.insert(t, { id: "5", v: "7" }))
        yield* ended(cdcOnce)
        assert.match((yield* state)[0] ?? "", / rewritten$/)
        const { code, lines } = yield* compared
        assert.deepStrictEqual([code, /rewritten/.test(lines.join("\n"))], [4, true])
        yield* full
        yield* isEqual
        yield* changed((tx) => tx.insert(t, { id: "6", v: "8" }))
        yield* ended(cdcOnce)
        yield* isEqual
      }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("is complete where only the columns or only the file have changed", () =>
    Effect.gen(function* () {
      const { t } = yield* begun()
      t.addColumn(added)
      yield* changed((tx) => tx.insert(t, { id: "5", v: "7" }))
      yield* ended(cdcOnce)
      t.rewrite()
      yield* changed((tx) => tx.insert(t, { id: "6", v: "7" }))
      yield* ended(cdcOnce)
      assert.notInclude((yield* state).join(), "rewritten")
      yield* isEqual
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("is recognised while no cdc runs", () =>
    Effect.gen(function* () {
      const { t } = yield* begun()
      assert.match(
        (yield* watermarkLines).find((line) => line.startsWith("file.t=")) ?? "",
        /^file\.t=\d+ [0-9a-f]+$/,
      )
      t.addColumn({ name: "x", type: "uuid", nullable: true })
      t.rewrite()
      const { lines } = yield* compared
      assert.include(lines.join("\n"), "rewritten")
      assert.isDefined(yield* textOf("inc/_watermark.txt"))
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )
})
