/** Tables of every shape, compared by DuckDB. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as DuckDbComparison from "../../../../layers/duckdb/DuckDbComparison.ts"
import type { MemoryTable, TableDefinition, Values } from "../../../../layers/memory/postgres/MemoryTable.ts"
import type { MemoryTransaction } from "../../../../layers/memory/postgres/MemoryTransaction.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import {
  changed,
  compared,
  comparedWorld,
  created,
  numbered,
  tableOf,
} from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, incKeys, put, textOf } from "../../../support/memory/memoryWorld.ts"

const comparedByDuckDb = (table: TableDefinition) => Layer.merge(comparedWorld(table), DuckDbComparison.layer)

type Change = (transaction: MemoryTransaction, table: MemoryTable) => void

/** The first change is in `full`, the last one is left to the slot, and the others come to the lake one by one. */
const carried = (definition: TableDefinition, ...changes: ReadonlyArray<Change>) =>
  Effect.gen(function* () {
    const [table] = (yield* created(definition)).tables
    if (table === undefined) return yield* Effect.die("no table")
    for (const [i, change] of changes.entries()) {
      yield* changed((tx) => change(tx, table))
      if (i === 0) yield* Pipeline.full
      else if (i < changes.length - 1) yield* cdcOnce
    }
  })

const inserts =
  (rows: ReadonlyArray<Values>): Change =>
  (tx, table) => {
    for (const row of rows) tx.insert(table, row)
  }

const isEqual = Effect.gen(function* () {
  const { code, lines, message } = yield* compared
  assert.strictEqual(code, 0, [...lines, message].join("\n"))
  assert.match(lines.join("\n"), /^t {2}equal/)
  return lines.join("\n")
})

/** Replaces a text in the first object of `inc`. */
const damaged = (from: string, to: string) =>
  Effect.gen(function* () {
    const [key = ""] = yield* incKeys
    const text = yield* textOf(key)
    assert.include(text, from)
    yield* put(key, text.replace(from, to))
  })

const names = (count: number) => Object.keys(numbered(count, () => null))
const large = (of: string) => of.repeat(2500)

describe("verify compares", () => {
  const join = tableOf("t", ["x", "y"], ["x", "y"])
  it.effect("a table whose columns are all in the key", () =>
    Effect.gen(function* () {
      yield* carried(
        join,
        inserts(["1", "2", "3"].map((y) => ({ x: "a", y }))),
        (tx, t) => tx.delete(t, { y: "1" }),
        (tx, t) => tx.update(t, { y: "2" }, { y: "9" }),
      )
      assert.include(yield* isEqual, "the table: 2 rows")
      yield* damaged("\nD,", "\nI,")
      const { code, lines } = yield* compared
      assert.deepStrictEqual([code, lines[0]], [4, "t  extra      x=a y=1"])
    }).pipe(Effect.provide(comparedByDuckDb(join))),
  )

  for (const [what, definition] of [
    ["one column, which is the key", tableOf("t", ["x"], ["x"])],
    ["one column and no key", tableOf("t", ["x"], [], "full")],
    ["1,600 columns and no key", tableOf("t", ["x", ...names(1599)], [], "full")],
    ["1,600 columns", tableOf("t", ["x", ...names(1599)], ["x"])],
    ["a key of columns that lie apart", tableOf("t", ["x", ...names(300)], ["c250", "x"])],
  ] as const) {
    it.effect(`a table of ${what}`, () =>
      Effect.gen(function* () {
        const row = (x: string) => ({ ...numbered(1599, (n) => (n === 250 ? "k" : `${n % 7}`)), x })
        yield* carried(
          definition,
          inserts(["1", "2", "3"].map(row)),
          (tx, t) => tx.delete(t, { x: "1" }),
          (tx, t) => tx.update(t, { x: "2" }, { x: "9" }),
          (tx, t) => tx.insert(t, row("4")),
        )
        assert.include(yield* isEqual, "the table: 3 rows")
        yield* damaged("\nD,", "\nI,")
        assert.strictEqual((yield* compared).code, 4)
      }).pipe(Effect.provide(comparedByDuckDb(definition))),
    )
  }

  it.effect("a table without columns", () =>
    Effect.gen(function* () {
      const insert: Change = (tx, t) => tx.insert(t, {})
      yield* carried(none, insert, insert, insert)
      assert.include(yield* isEqual, "the table: 3 rows")
    }).pipe(Effect.provide(comparedByDuckDb(none))),
  )
  const none = tableOf("t", [], [], "full")

  const wide = tableOf("t", ["id", ...names(200)], ["id"])
  it.effect("values of a wide table that were not sent, under another key too", () =>
    Effect.gen(function* () {
      yield* carried(
        wide,
        inserts(["1", "2"].map((id) => ({ id, c5: large("a"), c6: large("b"), c150: "x" }))),
        (tx, t) => tx.update(t, { id: "1" }, { c7: "one", c6: large("c") }),
        (tx, t) => tx.update(t, { id: "1" }, { id: "11" }),
        (tx, t) => tx.update(t, {}, { c8: 'a,"b"', c9: "" }),
        (tx, t) => tx.update(t, { id: "11" }, { c199: "last" }),
      )
      yield* isEqual
    }).pipe(Effect.provide(comparedByDuckDb(wide))),
  )

  it.effect("and names the columns in which rows of a wide table differ, NULL and '' among them", () =>
    Effect.gen(function* () {
      yield* carried(
        wide,
        (tx, t) => tx.insert(t, { id: "1" }),
        (tx, t) => tx.insert(t, { id: "2", c0: "zero", c1: 'a"b', c100: "", c199: "line\nbreak" }),
        () => {},
      )
      yield* isEqual
      yield* damaged(",zero,", ",naught,")
      yield* damaged('"a""b"', '"a""c"')
      yield* damaged(',"",', ",,")
      const { code, lines } = yield* compared
      assert.deepStrictEqual([code, lines[0]], [4, "t  different  id=2  in c0, c1, c100"])
    }).pipe(Effect.provide(comparedByDuckDb(wide))),
  )
})
