import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as MemoryChangeSource from "../../../../layers/memory/source/MemoryChangeSource.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { cdc } from "../../../../src/Pipeline.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import { Spool } from "../../../../src/services/Spool.ts"
import {
  ana,
  beginning,
  bia,
  cdcOnce,
  cliente,
  ended,
  incKeys,
  lakeKeys,
  nthWatermark,
  put,
  settings,
  shop,
  slotName,
  started,
  textOf,
  textsOf,
  twoTables,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const header = "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,nome,ativo\n"
const first = "inc/date=20251103/cdc_20251103_101530.csv"
const second = "inc/date=20251103/cdc_20251103_101530_0002.csv"
const at = "2025-11-03 10:15:30+00"

/** The process dies when it writes its nth watermark. */
const dyingAt = (nth: number, when: "before" | "after" = "after") =>
  nthWatermark(nth, (write) =>
    when === "before" ? Effect.interrupt : Effect.andThen(write, Effect.interrupt),
  )

describe("cdc writes", () => {
  it.effect("inserts, updates and deletes as rows in the order of the log", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const lsn1 = yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        tx.insert(clientes, bia)
      })
      const lsn2 = yield* server.transact((tx) => {
        tx.update(clientes, { id: "1" }, { nome: 'Ana "A", Souza' })
        tx.delete(clientes, { id: "2" })
      })
      yield* cdcOnce
      const [c1, c2] = [Lsn.printSortable(lsn1), Lsn.printSortable(lsn2)]
      assert.strictEqual(
        yield* textOf(first),
        `${header}I,${c1},1,733,${at},,,1,Ana,true\nI,${c1},2,733,${at},,,2,Bia,false\n` +
          `U,${c2},1,734,${at},,,1,"Ana ""A"", Souza",true\nD,${c2},2,734,${at},,,2,,\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("one object per batch and the watermark, in the layout of one table", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      assert.deepStrictEqual(yield* lakeKeys, [
        "inc/_fence_probe",
        "inc/_watermark.txt",
        "inc/date=20251103/_schema_clientes_20251103_101530.json",
        first,
      ])
    }).pipe(Effect.provide(world())),
  )

  it.effect("a folder for each dataset, in the layout of several tables", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        tx.insert(pedidos, { id: "7", total: "10.00" })
      })
      yield* cdcOnce
      assert.deepStrictEqual(yield* lakeKeys, [
        "inc/_fence_probe",
        "inc/_watermark.txt",
        "inc/clientes/date=20251103/_schema_clientes_20251103_101530.json",
        "inc/clientes/date=20251103/cdc_20251103_101530.csv",
        "inc/pedidos/date=20251103/_schema_pedidos_20251103_101530.json",
        "inc/pedidos/date=20251103/cdc_20251103_101530.csv",
      ])
    }).pipe(Effect.provide(world(twoTables))),
  )

  it.effect("a watermark that says up to where, from whom and which objects are the newest", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const lsn = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      const lines = yield* watermarkLines
      assert.deepStrictEqual(
        lines.filter((line) => !line.startsWith("writer=")),
        [
          Lsn.print(lsn),
          "slot=data_sync_slot",
          "database=loja",
          "system_identifier=7423642870011110000",
          "timeline=1",
          "layout=single",
          "root=clientes",
          "written_at=2025-11-03T10:15:30.000Z",
          `last_commit=${Lsn.print(lsn)} 733 ${at}`,
          "epoch=1",
          `object.clientes=${first}`,
          "table.clientes=db_loja.cliente 16384",
          "catalog.clientes=733 1 734",
          "from.clientes=0/16B3748",
          "file.clientes=16384 12a73aab3781a458",
          "schema.clientes=inc/date=20251103/_schema_clientes_20251103_101530.json",
        ],
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("`_seq` with gaps where other tables have lines in the transaction", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      const lsn = yield* server.transact((tx) => {
        tx.insert(pedidos, { id: "7", total: "10.00" })
        tx.insert(clientes, ana)
        tx.message("audit", "hello")
        tx.insert(clientes, bia)
      })
      yield* cdcOnce
      const c = Lsn.printSortable(lsn)
      assert.strictEqual(
        yield* textOf(first),
        `${header}I,${c},2,733,${at},,,1,Ana,true\nI,${c},4,733,${at},,,2,Bia,false\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("one `T` for each truncated table, with the number of the line that named them all", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      const other = server.createTable({ ...cliente, table: { schema: "db_loja", name: "outra" } })
      const lsn = yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        tx.truncate([other, pedidos, clientes], { cascade: true })
      })
      yield* cdcOnce
      const c = Lsn.printSortable(lsn)
      assert.strictEqual(
        yield* textsOf(yield* incKeys),
        `${header}I,${c},1,733,${at},,,1,Ana,true\nT,${c},2,733,${at},,,,,\n` +
          `_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,total\nT,${c},2,733,${at},,,,\n`,
      )
    }).pipe(Effect.provide(world(twoTables))),
  )

  it.effect("the old key of an update in `_before`", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      const lsn = yield* server.transact((tx) => tx.update(clientes, { id: "1" }, { id: "9" }))
      yield* cdcOnce
      assert.strictEqual(
        yield* textOf(second),
        `${header}U,${Lsn.printSortable(lsn)},1,734,${at},"{""id"":""1""}",,9,Ana,true\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("the names of large values that did not change in `_unchanged`", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, nome: "A".repeat(3000) }))
      yield* cdcOnce
      const lsn = yield* server.transact((tx) => tx.update(clientes, { id: "1" }, { ativo: "false" }))
      yield* cdcOnce
      assert.strictEqual(
        yield* textOf(second),
        `${header}U,${Lsn.printSortable(lsn)},1,734,${at},,{nome},1,,false\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("a delete without identity as a row without values", () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const clientes = server.createTable({ ...cliente, replicaIdentity: "nothing" })
      server.slots.create(slotName)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      const lsn = yield* server.transact((tx) => tx.delete(clientes, {}))
      yield* cdcOnce
      assert.strictEqual(yield* textOf(second), `${header}D,${Lsn.printSortable(lsn)},1,734,${at},,,,,\n`)
    }).pipe(Effect.provide(world())),
  )

  it.effect("a new object with a header of its own where the table's columns change", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const lsn = yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        clientes.addColumn({ name: "email", type: "text", nullable: true })
        tx.insert(clientes, { ...bia, email: "bia@example.org" })
      })
      yield* cdcOnce
      const c = Lsn.printSortable(lsn)
      assert.deepStrictEqual(yield* Effect.forEach(yield* incKeys, textOf), [
        `${header}I,${c},1,733,${at},,,1,Ana,true\n`,
        `${header.replace("\n", ",email\n")}I,${c},2,733,${at},,,2,Bia,false,bia@example.org\n`,
      ])
    }).pipe(Effect.provide(world())),
  )

  it.effect("deletes of a table that was dropped meanwhile, with the columns that the lake knows", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      const running = yield* started(cdc({ once: false, noWait: true }))
      const lsn = yield* server.transact((tx) => tx.delete(clientes, {}))
      server.dropTable(clientes)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(running)
      assert.strictEqual(
        yield* textOf("inc/date=20251103/cdc_20251103_101532.csv"),
        `${header}D,${Lsn.printSortable(lsn)},1,734,2025-11-03 10:15:30.001+00,,,1,,\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("nothing but the first watermark where nothing waits", () =>
    Effect.gen(function* () {
      yield* shop
      yield* cdcOnce
      yield* cdcOnce
      assert.deepStrictEqual(yield* lakeKeys, ["inc/_fence_probe", "inc/_watermark.txt"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("no object where only other tables change", () =>
    Effect.gen(function* () {
      const { server, pedidos } = yield* shop
      yield* server.transact((tx) => tx.insert(pedidos, { id: "7", total: "10.00" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect(
    "transactions in the order of their commits, although their rows stand otherwise in the log",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        const [early, late] = [server.begin(), server.begin()]
        early.insert(clientes, ana)
        late.insert(clientes, bia)
        const lsn1 = yield* server.commit(late)
        yield* cdcOnce
        const lsn2 = yield* server.commit(early)
        yield* cdcOnce
        assert.strictEqual(
          yield* textsOf(yield* incKeys),
          `${header}I,${Lsn.printSortable(lsn1)},1,734,${at},,,2,Bia,false\n` +
            `${header}I,${Lsn.printSortable(lsn2)},1,733,${at},,,1,Ana,true\n`,
        )
      }).pipe(Effect.provide(world())),
  )

  it.effect("nothing of what was rolled back", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const tx = server.begin()
      tx.insert(clientes, ana)
      server.rollback(tx)
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("a commit that is not on the server's disk yet the next time", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const tx = server.begin()
      tx.insert(clientes, ana)
      yield* server.commit(tx, { flush: false })
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [])
      server.wal.flush()
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first])
    }).pipe(Effect.provide(world())),
  )

  it.effect("a transaction that does not fit into memory like any other", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const spool = yield* Spool
      let spooled = 0
      const counting = Spool.of({
        open: Effect.map(spool.open, (file) => ({
          ...file,
          append: (bytes) => {
            spooled += bytes.length
            return file.append(bytes)
          },
        })),
      })
      const name = (id: number) => `${id} "${"x".repeat(256 * 1024)}`
      const small = yield* server.transact((tx) => tx.insert(clientes, ana))
      const large = yield* server.transact((tx) => {
        for (let id = 10; id < 90; id++) tx.insert(clientes, { id: `${id}`, nome: name(id), ativo: "true" })
      })
      const source = Layer.fresh(MemoryChangeSource.layer(slotName))
      yield* Effect.provide(cdcOnce, Layer.provide(source, Layer.succeed(Spool, counting)))
      assert.isAbove(spooled, 16 * 1024 * 1024)
      const rows = Array.from({ length: 80 }, (_, i) => {
        const value = `"${name(i + 10).replace('"', '""')}"`
        return `I,${Lsn.printSortable(large)},${i + 1},734,${at},,,${i + 10},${value},true\n`
      })
      // Not an assertion on the two texts: a failure would print megabytes.
      const expected = `${header}I,${Lsn.printSortable(small)},1,733,${at},,,1,Ana,true\n${rows.join("")}`
      assert.isTrue((yield* textOf(first)) === expected)
    }).pipe(Effect.provide(world())),
  )

  it.effect("two such transactions right behind each other, each with its own rows", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const large = (from: number, rows: number, bytes: number) =>
        server.transact((tx) => {
          for (let id = from; id < from + rows; id++) {
            tx.insert(clientes, { id: `${id}`, nome: "x".repeat(bytes), ativo: "true" })
          }
        })
      // The second is over the bound before anybody has read the first to its end.
      yield* large(10, 40, 320 * 1024)
      yield* large(50, 6, 2 * 1024 * 1024)
      yield* cdcOnce
      const ids = [...(yield* textOf(first)).matchAll(/,,,(\d+),x/g)].map((row) => row[1])
      assert.deepStrictEqual(
        ids,
        Array.from({ length: 46 }, (_, i) => `${i + 10}`),
      )
    }).pipe(Effect.provide(world())),
  )
})

describe("cdc names its objects", () => {
  it.effect("by the second in which they are begun", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      yield* TestClock.adjust("14 hours")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first, "inc/date=20251104/cdc_20251104_001530.csv"])
    }).pipe(Effect.provide(world())),
  )

  it.effect("forwards only, where the clock steps back between two processes too", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      yield* TestClock.setTime(beginning - 86_400_000)
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first, second])
    }).pipe(Effect.provide(world())),
  )
})

describe("cdc begins", () => {
  it.effect("where a watermark of one line stands", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const done = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* put("inc/_watermark.txt", Lsn.print(done))
      const lsn = yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* ended(cdcOnce)
      assert.strictEqual(
        yield* textOf("inc/date=20251103/cdc_20251103_101630.csv"),
        `${header}I,${Lsn.printSortable(lsn)},1,734,${at},,,2,Bia,false\n`,
      )
    }).pipe(Effect.provide(world())),
  )

  it.effect("at the watermark where the slot is behind it, and brings the slot up to it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const lsn = yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      server.crash()
      assert.isBelow(Number(server.slots.find(slotName)?.confirmed), Number(lsn))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first])
      assert.strictEqual(server.slots.find(slotName)?.confirmed, lsn)
    }).pipe(Effect.provide(world())),
  )

  it.effect("after the last row of the newest object where the watermark was not written", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const lsn = yield* server.transact((tx) => tx.insert(clientes, ana))
      const before = server.slots.find(slotName)?.confirmed ?? Lsn.zero
      yield* cdcOnce
      server.crash()
      yield* put("inc/_watermark.txt", Lsn.print(before))
      yield* ended(cdcOnce)
      assert.deepStrictEqual(yield* incKeys, [first])
      assert.strictEqual((yield* watermarkLines)[0], Lsn.print(lsn))
    }).pipe(Effect.provide(world())),
  )

  it.effect("after that row too where a process died once it had written a watermark of its own", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const before = server.slots.find(slotName)?.confirmed ?? Lsn.zero
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* cdcOnce
      server.crash()
      yield* put("inc/_watermark.txt", Lsn.print(before))
      yield* ended(Effect.provideServiceEffect(cdcOnce, WatermarkStore, dyingAt(1)))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first])
    }).pipe(Effect.provide(world())),
  )

  it.effect("after that row too where smaller batches have come half as far and then died", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      for (const id of ["1", "2", "3"]) yield* server.transact((tx) => tx.insert(clientes, { ...ana, id }))
      // All three are in the lake, and no watermark says so; then a watermark says so of the first.
      yield* ended(Effect.provideServiceEffect(cdcOnce, WatermarkStore, dyingAt(3, "before")))
      const smaller = Effect.provide(cdcOnce, settings({ BATCH_MAX_CHANGES: "1" }))
      yield* ended(Effect.provideServiceEffect(smaller, WatermarkStore, dyingAt(2)))
      yield* cdcOnce
      assert.deepStrictEqual(yield* incKeys, [first])
    }).pipe(Effect.provide(world())),
  )
})
