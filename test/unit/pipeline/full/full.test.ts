import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import {
  ana,
  beginning,
  cliente,
  ended,
  exitCode,
  lakeKeys,
  put,
  shop,
  started,
  textOf,
  twoTables,
  world,
} from "../../../support/memory/memoryWorld.ts"

const object = "full/date=20251103/full_clientes_20251103_101530.csv"
const manifest = "full/date=20251103/_full_clientes_20251103_101530.json"

describe("full", () => {
  it.effect("writes one object and its manifest where one table is configured", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      assert.deepStrictEqual(yield* lakeKeys, [manifest, object])
    }).pipe(Effect.provide(world())),
  )

  it.effect("gives each dataset a folder where several tables are configured", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      assert.deepStrictEqual(yield* lakeKeys, [
        "full/clientes/date=20251103/_full_clientes_20251103_101530.json",
        "full/clientes/date=20251103/full_clientes_20251103_101530.csv",
        "full/pedidos/date=20251103/_full_pedidos_20251103_101530.json",
        "full/pedidos/date=20251103/full_pedidos_20251103_101530.csv",
      ])
    }).pipe(Effect.provide(world(twoTables))),
  )

  it.effect(
    "writes the bytes of COPY: NULL as nothing, the empty string quoted, quotes where they are needed",
    () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        yield* server.transact((tx) => {
          tx.insert(clientes, { id: "1", nome: "João", ativo: "true" })
          tx.insert(clientes, { id: "2", nome: null, ativo: "false" })
          tx.insert(clientes, { id: "3", nome: "", ativo: "true" })
          tx.insert(clientes, { id: "4", nome: 'diz "oi",\nvai', ativo: "true" })
        })
        yield* Pipeline.full
        assert.strictEqual(
          yield* textOf(object),
          'id,nome,ativo\n1,João,true\n2,,false\n3,"",true\n4,"diz ""oi"",\nvai",true\n',
        )
      }).pipe(Effect.provide(world())),
  )

  it.effect("writes the header alone, and a manifest with 0 rows, where the table is empty", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      assert.strictEqual(yield* textOf(object), "id,nome,ativo\n")
      assert.strictEqual(Result.getOrThrow(Manifest.parse(yield* textOf(manifest))).rows, 0)
    }).pipe(Effect.provide(world())),
  )

  it.effect("tells in the manifest what the object holds and of which moment it is", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => {
        for (let id = 1; id <= 100; id++) tx.insert(clientes, { ...ana, id: `${id}` })
      })
      yield* Pipeline.full
      const csv = yield* textOf(object)
      assert.deepStrictEqual(Result.getOrThrow(Manifest.parse(yield* textOf(manifest))), {
        table: '"db_loja"."cliente"',
        dataset: "clientes",
        object,
        columns: cliente.columns.map((column, i) => ({ ...column, attnum: i + 1 })),
        primary_key: ["id"],
        rows: 100,
        bytes: csv.length,
        objects: [{ object, rows: 100, bytes: csv.length, md5: createHash("md5").update(csv).digest("hex") }],
        snapshot: "734:734:",
        lsn: Lsn.print(server.wal.end),
        slot: "data_sync_slot",
        database: "loja",
        system_identifier: "7423642870011110000",
        started_at: "2025-11-03T10:15:30.000Z",
        finished_at: "2025-11-03T10:15:30.000Z",
      })
    }).pipe(Effect.provide(world())),
  )

  it.effect("copies all tables as they were when the first was begun", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      const store = yield* ObjectStore
      // Every object begins after a change of every table.
      const changing = ObjectStore.of({
        ...store,
        create: (key) =>
          Effect.andThen(
            server.transact((tx) => {
              tx.insert(clientes, { id: key.length.toString(), nome: "tarde", ativo: "true" })
              tx.insert(pedidos, { id: key.length.toString(), total: "1.00" })
            }),
            store.create(key),
          ),
      })
      yield* Effect.provideService(Pipeline.full, ObjectStore, changing)
      assert.strictEqual(
        yield* textOf("full/pedidos/date=20251103/full_pedidos_20251103_101530.csv"),
        "id,total\n",
      )
    }).pipe(Effect.provide(world(twoTables))),
  )

  it.effect("leaves out what has not committed when it begins", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const open = server.begin()
      open.insert(clientes, ana)
      yield* Pipeline.full
      const { rows, snapshot } = Result.getOrThrow(Manifest.parse(yield* textOf(manifest)))
      assert.deepStrictEqual({ rows, snapshot }, { rows: 0, snapshot: "733:734:733" })
    }).pipe(Effect.provide(world())),
  )

  it.effect("writes the manifest after its object is visible", () =>
    Effect.gen(function* () {
      yield* shop
      const store = yield* ObjectStore
      const admin = yield* StoreAdmin
      let visible: boolean | undefined
      const watching = ObjectStore.of({
        ...store,
        put: (key, body) =>
          Effect.flatMap(admin.stat(object), (found) => {
            if (key === manifest) visible = Option.isSome(found)
            return store.put(key, body)
          }),
      })
      yield* Effect.provideService(Pipeline.full, ObjectStore, watching)
      assert.isTrue(visible)
    }).pipe(Effect.provide(world())),
  )

  it.effect("leaves no manifest where the copy broke off for good", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => {
        for (let id = 1; id <= 100; id++) tx.insert(clientes, { ...ana, id: `${id}` })
      })
      const store = yield* ObjectStore
      const stopping = ObjectStore.of({
        ...store,
        create: (key) => Effect.tap(store.create(key), () => Effect.sync(() => server.stop())),
      })
      const exit = yield* ended(Effect.provideService(Pipeline.full, ObjectStore, stopping))
      assert.isTrue(exit._tag === "Failure")
      assert.deepStrictEqual(yield* lakeKeys, [])
    }).pipe(Effect.provide(world())),
  )

  it.effect("begins the copy anew where the session broke, and leaves one object", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      const store = yield* ObjectStore
      let broken = false
      const breaking = ObjectStore.of({
        ...store,
        create: (key) =>
          Effect.tap(store.create(key), () =>
            Effect.sync(() => {
              if (!broken) server.sessions.killAll()
              broken = true
            }),
          ),
      })
      yield* ended(Effect.provideService(Pipeline.full, ObjectStore, breaking))
      assert.strictEqual((yield* lakeKeys).length, 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("gives up after a minute where the lake takes no objects, although the source answers", () =>
    Effect.gen(function* () {
      yield* shop
      const store = yield* ObjectStore
      const filled = ObjectStore.of({
        ...store,
        create: () =>
          Effect.fail(new StoreError({ reason: "Full", subject: "lake", detail: "no space left" })),
      })
      const fiber = yield* started(Effect.provideService(Pipeline.full, ObjectStore, filled))
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 1)
    }).pipe(Effect.provide(world())),
  )

  it.effect("waits for a lake that does not answer for a while when it asks for the watermark", () =>
    Effect.gen(function* () {
      yield* shop
      const store = yield* WatermarkStore
      let asked = 0
      const shaky = WatermarkStore.of({
        ...store,
        read: Effect.suspend(() =>
          ++asked === 1
            ? Effect.fail(new StoreError({ reason: "Unreachable", subject: "lake", detail: "reset" }))
            : store.read,
        ),
      })
      const exit = yield* ended(Effect.provideService(Pipeline.full, WatermarkStore, shaky))
      assert.isTrue(exit._tag === "Success")
    }).pipe(Effect.provide(world())),
  )

  it.effect("names the second copy of a second so that it stands after the first", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      yield* Pipeline.full
      assert.include(yield* lakeKeys, "full/date=20251103/full_clientes_20251103_101530_0002.csv")
    }).pipe(Effect.provide(world())),
  )

  it.effect("never goes back in its names, not even where the clock does", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      yield* TestClock.setTime(beginning - 3_600_000)
      yield* Pipeline.full
      assert.include(yield* lakeKeys, "full/date=20251103/full_clientes_20251103_101530_0002.csv")
    }).pipe(Effect.provide(world())),
  )

  it.effect("goes on without a slot", () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      server.createTable(cliente)
      yield* Pipeline.full
      assert.strictEqual((yield* lakeKeys).length, 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("keeps to the layout that the lake was begun with", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("full/clientes/date=20251101/full_clientes_20251101_000000.csv", "id\n")
      yield* Pipeline.full
      assert.include(yield* lakeKeys, "full/clientes/date=20251103/full_clientes_20251103_101530.csv")
    }).pipe(Effect.provide(world())),
  )
})
