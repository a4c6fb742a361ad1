/** A table with a copy and changes, for `verify` in memory. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { TableDefinition } from "../../../layers/memory/postgres/MemoryTable.ts"
import type { MemoryTransaction } from "../../../layers/memory/postgres/MemoryTransaction.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { changed, created, tableOf } from "./comparedWorld.ts"
import { cdcOnce, incKeys, put, textOf } from "./memoryWorld.ts"

export const keyed = tableOf("t", ["id", "v"], ["id"])

/**
 * A copy of the rows 1 and 2, and two objects of changes: the inserts of 1 and 2, which the copy contains, and of 3; then an
 * update of 1 and a delete of 2.
 */
export const comparedShop = Effect.fnUntraced(function* (definition: TableDefinition = keyed) {
  const { server, tables } = yield* created(definition)
  const [table] = tables
  if (table === undefined) return yield* Effect.die("no table")
  const follow = (change: (tx: MemoryTransaction) => void) => Effect.andThen(changed(change), cdcOnce)
  yield* changed((tx) => {
    tx.insert(table, { id: "1", v: "a" })
    tx.insert(table, { id: "2", v: "b" })
  })
  yield* Pipeline.full
  yield* follow((tx) => tx.insert(table, { id: "3", v: "c" }))
  yield* follow((tx) => {
    tx.update(table, { id: "1" }, { v: "z" })
    tx.delete(table, { id: "2" })
  })
  const [first = "", second = ""] = yield* incKeys
  return { server, table, first, second, follow }
})

export type ComparedShop = Effect.Success<ReturnType<typeof comparedShop>>

/** Its copy. */
export const fullKey = "full/date=20251103/full_t_20251103_101530.csv"
export const manifestKey = "full/date=20251103/_full_t_20251103_101530.json"

/** Changes the text of an object. */
export const edited = (key: string, edit: (text: string) => string) =>
  Effect.flatMap(textOf(key), (text) => {
    assert.notStrictEqual(edit(text), text, `${key} stays as it was`)
    return put(key, edit(text))
  })
