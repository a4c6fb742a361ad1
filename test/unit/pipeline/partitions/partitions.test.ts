/** The changes of a partitioned table's leaves go to the dataset of the root. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import {
  cdcForEver,
  cdcOnce,
  started,
  textOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { incObjects, incRows, named, oneRoot, row, sales } from "../../../support/memory/partitionedWorld.ts"

const told = incRows("_op", "_partition", "id", "v")
const fromLine = Effect.map(watermarkLines, (lines) =>
  lines
    .find((line) => line.startsWith("from.vendas="))
    ?.split(" ")
    .slice(2)
    .join(" "),
)

describe("a partitioned table", () => {
  it.effect("gives the rows of all leaves to one dataset, each with its leaf", () =>
    Effect.gen(function* () {
      const { server, one, two } = yield* sales
      yield* server.transact((tx) => {
        tx.insert(one, row(1, 1))
        tx.insert(two, row(2, 2))
        tx.update(one, { id: "1" }, { v: "b" })
      })
      yield* cdcOnce
      assert.deepStrictEqual(yield* told, [
        "I db_loja.venda_01 1 a",
        "I db_loja.venda_02 2 a",
        "U db_loja.venda_01 1 b",
      ])
      const [key = ""] = yield* incObjects
      const [header] = (yield* textOf(key)).split("\n")
      assert.strictEqual(header, "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,_partition,id,mes,v")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("tells a row that moves as a DELETE of one leaf and an INSERT of the other", () =>
    Effect.gen(function* () {
      const { server, one, two } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* server.transact((tx) => {
        tx.delete(one, { id: "1" })
        tx.insert(two, row(1, 2))
      })
      yield* cdcOnce
      assert.deepStrictEqual(yield* told, [
        "I db_loja.venda_01 1 a",
        "D db_loja.venda_01 1 -",
        "I db_loja.venda_02 1 a",
      ])
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("quotes the names of leaves as SQL does", () =>
    Effect.gen(function* () {
      const { server, leaf } = yield* sales
      const odd = leaf('Mês "3"', "Outra loja")
      yield* server.transact((tx) => tx.insert(odd, row(3, 3)))
      yield* cdcOnce
      assert.deepStrictEqual(yield* told, ['I "Outra loja"."Mês ""3""" 3 a'])
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("tells a TRUNCATE of the root once per leaf, all with the same position in one object", () =>
    Effect.gen(function* () {
      const { server, root, one, two } = yield* sales
      yield* server.transact((tx) => tx.truncate([two]))
      yield* server.transact((tx) => {
        tx.insert(one, row(1, 1))
        tx.truncate([root])
      })
      yield* cdcOnce
      const rows = yield* incRows("_op", "_partition", "_lsn", "_seq")
      const [, , first = "", second = ""] = rows
      assert.deepStrictEqual(
        rows.map((text) => text.split(" ").slice(0, 2).join(" ")),
        ["T db_loja.venda_02", "I db_loja.venda_01", "T db_loja.venda_01", "T db_loja.venda_02"],
      )
      assert.deepStrictEqual(first.split(" ").slice(2), second.split(" ").slice(2))
      assert.lengthOf(yield* incObjects, 1)
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect(
    "puts rows of a leaf with another order of columns into the root's order, in the same object",
    () =>
      Effect.gen(function* () {
        const { server, root, one } = yield* sales
        const turned = named("velha")
        const old = server.createTable({ ...turned, columns: turned.columns.toReversed() })
        root.attach(old)
        yield* server.transact((tx) => {
          tx.insert(one, row(1, 1))
          tx.insert(old, row(9, 9, "x"))
          tx.insert(one, row(2, 1))
          tx.delete(old, { id: "9" })
        })
        yield* cdcOnce
        assert.deepStrictEqual(yield* incRows("_op", "_partition", "id", "mes", "v"), [
          "I db_loja.venda_01 1 1 a",
          "I db_loja.velha 9 9 x",
          "I db_loja.venda_01 2 1 a",
          "D db_loja.velha 9 9 -",
        ])
        assert.lengthOf(yield* incObjects, 1)
      }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("has the root's order of columns where a leaf of another order begins an object", () =>
    Effect.gen(function* () {
      const { server, root } = yield* sales
      const turned = named("velha")
      const old = server.createTable({ ...turned, columns: turned.columns.toReversed() })
      root.attach(old)
      yield* server.transact((tx) => tx.insert(old, row(9, 9, "x")))
      yield* server.transact((tx) => tx.delete(old, { id: "9" }))
      yield* cdcOnce
      const [key = ""] = yield* incObjects
      assert.match((yield* textOf(key)).split("\n")[0] ?? "", /,_partition,id,mes,v$/)
      assert.deepStrictEqual(yield* incRows("_op", "id", "mes", "v"), ["I 9 9 x", "D 9 9 -"])
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("begins a new object where all leaves get a column", () =>
    Effect.gen(function* () {
      const { server, root, one, two } = yield* sales
      const column = { name: "w", type: "text", nullable: true }
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      for (const table of [root, one, two]) table.addColumn(column)
      yield* server.transact((tx) => tx.insert(two, { ...row(2, 2), w: "n" }))
      yield* cdcOnce
      assert.lengthOf(yield* incObjects, 2)
      assert.deepStrictEqual(yield* incRows("id", "w"), ["1 none", "2 n"])
    }).pipe(Effect.provide(world(oneRoot))),
  )
})

describe("a new leaf", () => {
  it.effect("is followed when it is created with its first rows in one transaction, while cdc runs", () =>
    Effect.gen(function* () {
      const { server, leaf, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      const running = yield* started(cdcForEver)
      const three = leaf("venda_03")
      yield* server.transact((tx) => tx.insert(three, row(3, 3)))
      yield* TestClock.adjust("2 seconds")
      yield* server.transact((tx) => tx.insert(three, row(4, 3)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* told, [
        "I db_loja.venda_01 1 a",
        "I db_loja.venda_03 3 a",
        "I db_loja.venda_03 4 a",
      ])
      assert.strictEqual(yield* fromLine, "")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("needs no copy if it was created while no cdc ran", () =>
    Effect.gen(function* () {
      const { server, leaf, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* cdcOnce
      const three = leaf("venda_03")
      yield* server.transact((tx) => tx.insert(three, row(3, 3)))
      yield* cdcOnce
      assert.deepStrictEqual(yield* told, ["I db_loja.venda_01 1 a", "I db_loja.venda_03 3 a"])
      assert.strictEqual(yield* fromLine, "")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("needs no copy if its root got a column too between two looks", () =>
    Effect.gen(function* () {
      const { server, root, leaf, one, two } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* cdcOnce
      const three = leaf("venda_03")
      const column = { name: "w", type: "text", nullable: true }
      for (const table of [root, one, two, three]) table.addColumn(column)
      yield* server.transact((tx) => tx.insert(three, { ...row(3, 3), w: "n" }))
      yield* cdcOnce
      assert.strictEqual(yield* fromLine, "")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("needs a copy if another leaf was rewritten with other columns between two looks", () =>
    Effect.gen(function* () {
      const { server, root, leaf, one, two } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* cdcOnce
      const three = leaf("venda_03")
      for (const table of [root, one, two, three]) table.alterType("v", "integer", () => "7")
      yield* server.transact((tx) => tx.insert(three, row(3, 3, "7")))
      yield* cdcOnce
      assert.strictEqual(yield* fromLine, "rewritten")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("needs a copy if it was created, filled and dropped between two looks", () =>
    Effect.gen(function* () {
      const { server, leaf, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      const running = yield* started(cdcForEver)
      const passing = leaf("passagem")
      yield* server.transact((tx) => tx.insert(passing, row(3, 3)))
      server.dropTable(passing)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.strictEqual(yield* fromLine, "unknown relation")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("is not confused with a table of other columns that comes and goes", () =>
    Effect.gen(function* () {
      const { server, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      const running = yield* started(cdcForEver)
      const staging = server.createTable({
        table: { schema: "etl", name: "staging" },
        columns: [{ name: "k", type: "text", nullable: true }],
        primaryKey: [],
      })
      yield* server.transact((tx) => {
        tx.truncate([staging])
        tx.insert(staging, { k: "1" })
      })
      server.dropTable(staging)
      yield* TestClock.adjust("2 seconds")
      const twin = server.createTable(named("copia"))
      yield* server.transact((tx) => tx.insert(twin, row(7, 7)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual([yield* fromLine, yield* told], ["", ["I db_loja.venda_01 1 a"]])
    }).pipe(Effect.provide(world(oneRoot))),
  )
})

describe("a leaf with rows", () => {
  const followed = Effect.gen(function* () {
    const all = yield* sales
    yield* all.server.transact((tx) => {
      tx.insert(all.one, row(1, 1))
      tx.insert(all.two, row(2, 2))
    })
    yield* cdcOnce
    const other = all.server.createTable(named("arquivo"))
    yield* all.server.transact((tx) => tx.insert(other, row(8, 8)))
    return { ...all, other }
  })
  /** Runs `cdc` for three polls, each of which finds new rows. */
  const polls = (insert: (id: number) => Effect.Effect<unknown>) =>
    Effect.gen(function* () {
      const running = yield* started(cdcForEver)
      for (const id of [101, 102, 103]) {
        yield* insert(id)
        yield* TestClock.adjust("2 seconds")
      }
      yield* Fiber.interrupt(running)
    })

  it.effect("is followed from its ATTACH on, and needs a copy for what it held before", () =>
    Effect.gen(function* () {
      const { server, root, one, other } = yield* followed
      const running = yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(one, row(100, 1)))
      yield* TestClock.adjust("2 seconds")
      root.attach(other)
      yield* server.transact((tx) => tx.insert(other, row(9, 8)))
      yield* TestClock.adjust("2 seconds")
      yield* server.transact((tx) => tx.insert(other, row(10, 8)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      const rows = yield* told
      assert.deepStrictEqual(rows.slice(3), ["I db_loja.arquivo 9 a", "I db_loja.arquivo 10 a"])
      assert.strictEqual(yield* fromLine, "attached")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("asks for a copy too where it was attached while no cdc ran", () =>
    Effect.gen(function* () {
      const { server, root, one, other } = yield* followed
      yield* cdcOnce
      root.attach(other)
      yield* polls((id) => server.transact((tx) => tx.insert(one, row(id, 1))))
      assert.strictEqual(yield* fromLine, "attached")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  for (const how of ["detached", "dropped"] as const) {
    it.effect(`needs a copy without it when it is ${how}`, () =>
      Effect.gen(function* () {
        const { server, root, one, two } = yield* followed
        yield* server.transact((tx) => tx.insert(two, row(3, 2)))
        if (how === "detached") root.detach(two)
        else server.dropTable(two)
        yield* polls((id) => server.transact((tx) => tx.insert(one, row(id, 1))))
        assert.strictEqual(yield* fromLine, "detached")
      }).pipe(Effect.provide(world(oneRoot))),
    )
  }

  it.effect("needs a copy when it is renamed: its older rows have the other name", () =>
    Effect.gen(function* () {
      const { server, one, two } = yield* followed
      yield* server.transact((tx) => tx.insert(two, row(3, 2)))
      server.renameTable(two, "fevereiro")
      yield* polls((id) => server.transact((tx) => tx.insert(one, row(id, 1))))
      assert.strictEqual(yield* fromLine, "detached")
    }).pipe(Effect.provide(world(oneRoot))),
  )

  it.effect("is carried as far as its rows were its root's, where it is detached while cdc runs", () =>
    Effect.gen(function* () {
      const { server, root, one, two } = yield* followed
      const running = yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(two, row(3, 2)))
      root.detach(two)
      yield* TestClock.adjust("2 seconds")
      for (const id of [101, 102]) {
        yield* server.transact((tx) => tx.insert(one, row(id, 1)))
        yield* TestClock.adjust("2 seconds")
      }
      yield* server.transact((tx) => tx.insert(two, row(4, 2)))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      const rows = yield* incRows("id")
      assert.deepStrictEqual(rows, ["1", "2", "3", "101", "102"])
      assert.strictEqual(yield* fromLine, "detached")
    }).pipe(Effect.provide(world(oneRoot))),
  )
})
