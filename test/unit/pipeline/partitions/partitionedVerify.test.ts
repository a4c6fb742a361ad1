/** `verify` rebuilds a partitioned table: each partition is emptied alone, and a row that moves is one row. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { compared } from "../../../support/memory/comparedWorld.ts"
import { cdcOnce, put, textOf, world } from "../../../support/memory/memoryWorld.ts"
import { incObjects, oneRoot, row, sales } from "../../../support/memory/partitionedWorld.ts"

const provided = world(oneRoot)

/** A copy, then moves and a TRUNCATE of the second partition; the last change is left to the slot. */
const changed = Effect.gen(function* () {
  const all = yield* sales
  const { server, one, two, root } = all
  yield* server.transact((tx) => {
    for (const id of [1, 2, 3]) tx.insert(one, row(id, 1))
    for (const id of [4, 5, 6]) tx.insert(two, row(id, 2))
  })
  yield* Pipeline.full
  yield* server.transact((tx) => {
    tx.delete(two, { id: "4" })
    tx.insert(one, row(4, 1))
    tx.delete(one, { id: "1" })
    tx.insert(two, row(1, 2))
  })
  yield* server.transact((tx) => tx.truncate([two]))
  yield* server.transact((tx) => tx.insert(two, row(7, 2)))
  yield* cdcOnce
  yield* server.transact((tx) => tx.update(one, { id: "2" }, { v: "b" }))
  return { server, one, two, root }
})

describe("verify of a partitioned table", () => {
  it.effect("finds no difference after moves and a TRUNCATE of one partition", () =>
    Effect.gen(function* () {
      yield* changed
      const { code, lines, message } = yield* compared
      assert.strictEqual(code, 0, [...lines, message].join("\n"))
      assert.match(lines.join("\n"), /equal/)
    }).pipe(Effect.provide(provided)),
  )

  it.effect("takes the rows of one TRUNCATE of the root for no doubles, and all partitions for empty", () =>
    Effect.gen(function* () {
      const { server, one, root } = yield* changed
      yield* server.transact((tx) => tx.truncate([root]))
      yield* server.transact((tx) => tx.insert(one, row(8, 1)))
      yield* cdcOnce
      const { code, lines, message } = yield* compared
      assert.strictEqual(code, 0, [...lines, message].join("\n"))
    }).pipe(Effect.provide(provided)),
  )

  it.effect("finds the rows that a TRUNCATE of another partition would have left", () =>
    Effect.gen(function* () {
      yield* changed
      const [key = ""] = yield* incObjects
      const text = yield* textOf(key)
      assert.match(text, /^T,.*,db_loja\.venda_02,/m)
      yield* put(key, text.replace(/^(T,.*),db_loja\.venda_02,/m, "$1,db_loja.venda_01,"))
      assert.strictEqual((yield* compared).code, 4)
    }).pipe(Effect.provide(provided)),
  )
})
