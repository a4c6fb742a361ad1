/** Tables that are renamed, dropped, replaced, added and taken out: what is carried, what is refused, what is said. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Memory from "../../../../layers/memory/Memory.ts"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  ended,
  exitCode,
  failureOf,
  lakeKeys,
  order,
  pedido,
  put,
  settings,
  shop,
  slotName,
  started,
  tablesInDatasets,
  textOf,
  textsOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** Both tables have been followed to the end, and nobody runs. */
const followed = Effect.gen(function* () {
  const all = yield* shop
  yield* all.server.transact((tx) => {
    tx.insert(all.clientes, ana)
    tx.insert(all.pedidos, order)
  })
  yield* cdcOnce
  return all
})

/** `_op` and first column of the rows of a dataset, in order. */
const rowsOf = (dataset: string) =>
  Effect.gen(function* () {
    const keys = (yield* lakeKeys).filter((key) => key.startsWith(`inc/${dataset}/`))
    const text = yield* textsOf(keys)
    return [...text.matchAll(/^([IUDT]),(?:[^,]*,){6}([^,\n]*)/gm)].map(([, op, id]) => `${op}${id}`)
  })

const lineOf = (key: string) =>
  Effect.map(watermarkLines, (lines) =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1),
  )

const withTables = (tables: string) => settings({ ...tablesInDatasets, SOURCE_TABLES: tables })

describe("a table that changes while no cdc runs", () => {
  it.effect("goes on under its new name, with what was logged under the old one", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* followed
      yield* server.transact((tx) => tx.insert(clientes, bia))
      server.renameTable(clientes, "pessoa")
      yield* server.transact((tx) => {
        tx.insert(clientes, { ...ana, id: "3" })
        tx.insert(pedidos, { ...order, id: "8" })
      })
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "I3"])
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7", "I8"])
      assert.strictEqual(yield* lineOf("table.clientes"), `db_loja.pessoa ${clientes.oid}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("goes on under its new name where SOURCE_TABLES has followed", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      yield* server.transact((tx) => tx.insert(clientes, bia))
      server.renameTable(clientes, "pessoa")
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
      yield* Effect.provide(cdcOnce, withTables("db_loja.pessoa=clientes, db_loja.pedido=pedidos"))
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "I3"])
      assert.isUndefined((yield* lineOf("from.clientes"))?.split(" ")[1])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is carried as far as the WAL has it, where it was dropped", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* followed
      yield* server.transact((tx) => {
        tx.insert(clientes, bia)
        tx.insert(pedidos, { ...order, id: "8" })
      })
      yield* server.transact((tx) => tx.delete(clientes, { id: "1" }))
      server.dropTable(clientes)
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "D1"])
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7", "I8"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("needs a new copy, where another one bears its name", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      server.dropTable(clientes)
      const other = server.createTable(cliente)
      yield* server.transact((tx) => tx.insert(other, bia))
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2"])
      assert.match((yield* lineOf("from.clientes")) ?? "", /^0\/[0-9A-F]+ \d+ replaced$/)
      assert.strictEqual(yield* lineOf("table.clientes"), `db_loja.cliente ${other.oid}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is refused, where SOURCE_TABLES gives its dataset to another one", () =>
    Effect.gen(function* () {
      yield* followed
      const before = yield* watermarkLines
      const swapped = withTables("db_loja.pedido=clientes, db_loja.cliente=pedidos")
      assert.strictEqual((yield* failureOf(Effect.provide(cdcOnce, swapped))).reason, "OtherTable")
      assert.deepStrictEqual(yield* watermarkLines, before)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is an error of the settings, where the lake does not know it", () =>
    Effect.gen(function* () {
      yield* followed
      const unknown = withTables("db_loja.cliente=clientes, db_loja.nada=nadas")
      const error = yield* failureOf(Effect.provide(cdcOnce, unknown))
      assert.strictEqual(error.reason, "SchemaOrTableMissing")
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a table that changes while cdc runs", () => {
  it.effect("goes on under its new name", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const running = yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      server.renameTable(clientes, "pessoa")
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
      yield* TestClock.adjust("2 seconds")
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "4" }))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "I3", "I4"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is carried under its last columns, where it was altered and then dropped", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const running = yield* started(cdcForEver)
      clientes.addColumn({ name: "email", type: "text", nullable: true })
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("2 seconds")
      yield* server.transact((tx) => tx.delete(clientes, { id: "1" }))
      server.dropTable(clientes)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      const newest = (yield* lakeKeys).filter((key) => key.startsWith("inc/clientes/")).at(-1) ?? ""
      const [header = "", row = ""] = (yield* textOf(newest)).split("\n")
      assert.match(header, /,_unchanged,id,nome,ativo,email$/)
      assert.match(row, /^D,/)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a table that is renamed and made anew while cdc runs", () => {
  it.effect("needs a new copy, and cdc goes on", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const running = yield* started(cdcForEver)
      server.renameTable(clientes, "velho")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* TestClock.adjust("2 seconds")
      const other = server.createTable(cliente)
      yield* server.transact((tx) => tx.insert(other, { ...ana, id: "3" }))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "I3"])
      assert.match((yield* lineOf("from.clientes")) ?? "", / replaced$/)
      assert.strictEqual(yield* lineOf("table.clientes"), `db_loja.cliente ${other.oid}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a schema that is renamed while a transaction writes to its table", () => {
  const openRows = Effect.gen(function* () {
    const { server, clientes } = yield* followed
    const open = server.begin()
    open.insert(clientes, bia)
    server.renameSchema("db_loja", "db_nova")
    yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
    return { server, clientes, open }
  })
  const all = ["I1", "I3", "I2", "I4"]

  it.effect("loses no row of it, where cdc has seen the new name before the transaction ends", () =>
    Effect.gen(function* () {
      const { server, clientes, open } = yield* openRows
      yield* cdcOnce
      open.insert(clientes, { ...ana, id: "4" })
      yield* server.commit(open)
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("clientes"), all)
      assert.strictEqual(yield* lineOf("table.clientes"), `db_nova.cliente ${clientes.oid}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is followed under its new name alone once the transaction has ended", () =>
    Effect.gen(function* () {
      const { server, clientes, open } = yield* openRows
      const fiber = yield* started(cdcForEver)
      const look = TestClock.adjust("2 seconds")
      const row = (id: string) => server.transact((tx) => tx.insert(clientes, { ...ana, id }))
      yield* look
      assert.strictEqual(yield* lineOf("table.clientes"), `db_loja.cliente ${clientes.oid}`)
      open.insert(clientes, { ...ana, id: "4" })
      yield* server.commit(open)
      yield* look
      assert.deepStrictEqual(yield* rowsOf("clientes"), all)
      yield* row("5")
      yield* look
      assert.strictEqual(yield* lineOf("table.clientes"), `db_nova.cliente ${clientes.oid}`)
      assert.deepStrictEqual(yield* rowsOf("clientes"), [...all, "I5"])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a table that comes and goes", () => {
  const one = settings({ ...tablesInDatasets, SOURCE_TABLES: "db_loja.cliente=clientes" })

  it.effect("begins in inc at one LSN, and waits for a full", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* Effect.provide(cdcOnce, one)
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I8"])
      assert.match((yield* lineOf("from.pedidos")) ?? "", /^0\/[0-9A-F]+ \d+ new$/)
      assert.match((yield* lineOf("from.clientes")) ?? "", /^0\/[0-9A-F]+$/)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is followed to where it leaves, and begins again with a reason", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* followed
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      yield* Effect.provide(cdcOnce, one)
      const left = (yield* lineOf("left.pedidos")) ?? ""
      assert.strictEqual(left, (yield* watermarkLines)[0])
      yield* server.transact((tx) => {
        tx.insert(pedidos, { ...order, id: "9" })
        tx.insert(clientes, bia)
      })
      yield* Effect.provide(cdcOnce, one)
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7", "I8"])
      assert.match((yield* lineOf("from.pedidos")) ?? "", / again$/)
      assert.isUndefined(yield* lineOf("left.pedidos"))
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("leaves no gap where nothing was read between", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* followed
      yield* Effect.provide(cdcOnce, one)
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7", "I8"])
      assert.match((yield* lineOf("from.pedidos")) ?? "", /^0\/[0-9A-F]+$/)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

/** Runs with another server of the same name, whose history the test tells from its beginning. */
const onOtherServer = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.provide(program, Layer.fresh(Memory.source(slotName)))

describe("a server that has another history than the lake", () => {
  it.effect("is refused, where it has other commits below the watermark", () =>
    Effect.gen(function* () {
      yield* followed
      const before = yield* watermarkLines
      const refused = Effect.gen(function* () {
        const { server, clientes } = yield* shop
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, nome: "Somebody else" }))
        server.writeElsewhere(1000)
        const error = yield* failureOf(cdcOnce)
        assert.strictEqual(error.reason, "OtherHistory")
        assert.match(error.message, /restored from an older copy.*To begin anew/)
      })
      yield* onOtherServer(refused)
      assert.deepStrictEqual(yield* watermarkLines, before)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is refused, where it tells rows as new that the lake should have", () =>
    Effect.gen(function* () {
      const { server: first } = yield* followed
      const lastCommit = first.wal.end
      first.writeElsewhere(20_000)
      yield* cdcOnce
      const refused = Effect.gen(function* () {
        const server = yield* MemoryPostgres
        const clientes = server.createTable(cliente)
        server.createTable(pedido)
        // The slot of the copy stands at the last commit, which it does not tell again.
        server.writeElsewhere(Number(lastCommit - server.wal.end))
        server.slots.create(slotName)
        yield* server.transact((tx) => tx.insert(clientes, bia))
        server.writeElsewhere(40_000)
        const error = yield* failureOf(cdcOnce)
        assert.strictEqual(error.reason, "OtherHistory")
        assert.include(error.message, 'with rows of "clientes"')
      })
      yield* onOtherServer(refused)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is refused, where a row beyond the watermark is not in its WAL", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const [position = ""] = yield* watermarkLines
      const lsn = Lsn.printSortable(Lsn.Lsn.make(server.wal.end + 8n))
      const key = "inc/clientes/date=20251103/cdc_20251103_235959.csv"
      const row = `I,${lsn},1,999,2025-11-03 10:15:30+00,,,5,Eva,true\n`
      yield* put(key, `_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,nome,ativo\n${row}`)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      const error = yield* failureOf(cdcOnce)
      assert.strictEqual(error.reason, "OtherHistory")
      assert.include(error.message, key)
      assert.strictEqual((yield* watermarkLines)[0], position)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is not: a server that crashed tells again what it told", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* followed
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      yield* cdcOnce
      server.crash()
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I7", "I8"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is not: it tells rows again of a table that an older version did not follow", () =>
    Effect.gen(function* () {
      const one = settings({ ...tablesInDatasets, SOURCE_TABLES: "db_loja.cliente=clientes" })
      const { server, clientes, pedidos } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* Effect.provide(cdcOnce, one)
      yield* server.transact((tx) => tx.insert(pedidos, order))
      yield* Effect.provide(cdcOnce, one)
      const older = (yield* watermarkLines).filter(
        (line) => !/^(table|from|epoch|last_commit)[.=]/.test(line),
      )
      yield* put("inc/_watermark.txt", `${older.join("\n").trimEnd()}\n`)
      server.crash()
      yield* server.transact((tx) => tx.insert(pedidos, { ...order, id: "8" }))
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rowsOf("pedidos"), ["I8"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a watermark that is older than the lake", () => {
  it.effect("is told from a slot that another reader moved, with the line that mends it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const store = yield* ObjectStore
      const old = Buffer.concat(yield* Stream.runCollect(store.read("inc/_watermark.txt")))
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      const [position = ""] = yield* watermarkLines
      yield* store.put("inc/_watermark.txt", old)
      const error = yield* failureOf(cdcOnce)
      assert.strictEqual(error.reason, "SlotAhead")
      assert.include(error.message, `write ${position} as line 1 of inc/_watermark.txt`)
      yield* put("inc/_watermark.txt", `${old}`.replace(/^.*/, position))
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("clientes"), ["I1", "I2", "I3"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is told as one of two causes, where the slot stands past WAL without rows", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      const store = yield* ObjectStore
      const old = Buffer.concat(yield* Stream.runCollect(store.read("inc/_watermark.txt")))
      yield* server.transact((tx) => tx.insert(clientes, bia))
      server.writeElsewhere(1000)
      yield* cdcOnce
      const [position = ""] = yield* watermarkLines
      yield* store.put("inc/_watermark.txt", old)
      const { message } = yield* failureOf(cdcOnce)
      assert.match(message, /the watermark is an older one, put there late or from a copy, or another reader/)
      assert.include(message, `Only where you know that an older watermark was put there: write ${position}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})
