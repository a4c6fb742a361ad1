/** Names that a table bears only between two looks at the catalog: what is lost under them is told, and nothing else is. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../../src/services/lake/WatermarkStore.ts"
import { type ChangeSession, ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  ended,
  exitCode,
  lakeKeys,
  nthWatermark,
  order,
  pedido,
  shop,
  started,
  tablesInDatasets,
  textsOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const look = TestClock.adjust("2 seconds")

/** Both tables have been followed to the end, and nobody runs. */
const followed = Effect.gen(function* () {
  const all = yield* shop
  const row = (id: string) => all.server.transact((tx) => tx.insert(all.clientes, { ...ana, id }))
  yield* row("1")
  yield* all.server.transact((tx) => tx.insert(all.pedidos, order))
  yield* cdcOnce
  /** A row under a name that the table bears for that row alone. */
  const rowAs = Effect.fnUntraced(function* (name: string, id: string, then = "cliente") {
    all.server.renameTable(all.clientes, name)
    yield* row(id)
    all.server.renameTable(all.clientes, then)
  })
  return { ...all, row, rowAs }
})

/** `_op` and first column of the rows of `clientes`, in order. */
const rows = Effect.gen(function* () {
  const text = yield* textsOf((yield* lakeKeys).filter((key) => key.startsWith("inc/clientes/")))
  return [...text.matchAll(/^([IUDT]),(?:[^,]*,){6}([^,\n]*)/gm)].map(([, op, id]) => `${op}${id}`)
})

const lineOf = (key: string) =>
  Effect.map(watermarkLines, (lines) =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1),
  )

const reason = Effect.map(lineOf("from.clientes"), (line) => line?.split(" ").slice(2).join(" "))
const unknown = "unknown relation"

/** The source, but its sessions are others. */
const sessions = (otherwise: (session: ChangeSession) => ChangeSession) =>
  Effect.map(ChangeSource, (source) =>
    ChangeSource.of({ ...source, attach: Effect.map(source.attach, Option.map(otherwise)) }),
  )

describe("a name between two looks", () => {
  it.effect("makes the dataset need a new copy, where rows were written under it while cdc was down", () =>
    Effect.gen(function* () {
      const { row, rowAs } = yield* followed
      const catalog = yield* lineOf("catalog.clientes")
      yield* rowAs("passing", "2")
      yield* row("3")
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rows, ["I1", "I3"])
      assert.strictEqual(yield* reason, unknown)
      assert.notStrictEqual(yield* lineOf("catalog.clientes"), catalog)
      assert.isUndefined((yield* lineOf("from.pedidos"))?.split(" ")[2])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is not looked for again once the WAL is read", () =>
    Effect.gen(function* () {
      const { row, rowAs } = yield* followed
      yield* rowAs("passing", "2")
      yield* cdcOnce
      const from = yield* lineOf("from.clientes")
      yield* row("3")
      const asked: Array<bigint | undefined> = []
      const noting = sessions((session) => ({
        ...session,
        readTransactions: (request, sink) => {
          asked.push(request.unknownSince)
          return session.readTransactions(request, sink)
        },
      }))
      yield* Effect.provideServiceEffect(cdcOnce, ChangeSource, noting)
      assert.deepStrictEqual(asked, [undefined])
      assert.strictEqual(yield* lineOf("from.clientes"), from)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("makes it need one, where the table was renamed twice while cdc was down", () =>
    Effect.gen(function* () {
      const { row, rowAs, clientes } = yield* followed
      yield* rowAs("passing", "2", "pessoa")
      yield* row("3")
      yield* cdcOnce
      assert.deepStrictEqual(yield* rows, ["I1", "I3"])
      assert.strictEqual(yield* reason, unknown)
      assert.strictEqual(yield* lineOf("table.clientes"), `db_loja.pessoa ${clientes.oid}`)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("makes it need one, where the table was dropped under it", () =>
    Effect.gen(function* () {
      const { server, clientes, rowAs } = yield* followed
      yield* rowAs("passing", "2", "passing")
      server.dropTable(clientes)
      yield* cdcOnce
      assert.strictEqual(yield* reason, unknown)
      assert.isUndefined(yield* lineOf("catalog.clientes"))
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("makes it need one, where it came and went while cdc runs", () =>
    Effect.gen(function* () {
      const { row, rowAs } = yield* followed
      const running = yield* started(cdcForEver)
      yield* look
      yield* rowAs("passing", "2")
      yield* look
      yield* row("3")
      yield* look
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* rows, ["I1", "I3"])
      assert.strictEqual(yield* reason, unknown)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("makes it need one, where another table bears that name by now", () =>
    Effect.gen(function* () {
      const { server, rowAs } = yield* followed
      yield* rowAs("passing", "2")
      server.createTable({ ...cliente, table: { ...cliente.table, name: "passing" } })
      yield* cdcOnce
      assert.strictEqual(yield* reason, unknown)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("of a schema makes it need one, also where the transaction under it commits long after", () =>
    Effect.gen(function* () {
      const { server, clientes, row } = yield* followed
      server.renameSchema("db_loja", "db_passing")
      const open = server.begin()
      open.insert(clientes, bia)
      server.renameSchema("db_passing", "db_loja")
      const running = yield* started(cdcForEver)
      for (const id of ["3", "4", "5"]) {
        yield* row(id)
        yield* look
      }
      assert.strictEqual(yield* reason, "")
      yield* server.commit(open)
      yield* look
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* rows, ["I1", "I3", "I4", "I5"])
      assert.strictEqual(yield* reason, unknown)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("is looked for to the end of what waits, whatever is cut and whoever stops between", () =>
    Effect.gen(function* () {
      const { row, rowAs } = yield* followed
      const catalog = yield* lineOf("catalog.clientes")
      yield* row("2")
      yield* row("3")
      yield* rowAs("passing", "4")
      yield* row("5")
      const fails = nthWatermark(4, () =>
        Effect.fail(new StoreError({ reason: "Denied", subject: "inc", detail: "for a test" })),
      )
      const first = Effect.provideServiceEffect(cdcOnce, WatermarkStore, fails)
      assert.notStrictEqual(exitCode(yield* ended(first)), 0)
      assert.strictEqual(yield* reason, "")
      assert.strictEqual(yield* lineOf("catalog.clientes"), catalog)
      yield* cdcOnce
      assert.deepStrictEqual(yield* rows, ["I1", "I2", "I3", "I5"])
      assert.strictEqual(yield* reason, unknown)
    }).pipe(Effect.provide(world({ ...tablesInDatasets, BATCH_MAX_CHANGES: "2" }))),
  )
})

describe("a table that was altered", () => {
  it.effect("stays followed, where the unknown rows lack columns that it has kept", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* followed
      clientes.addColumn({ name: "email", type: "text", nullable: true })
      server.renameTable(clientes, "passing")
      server.renameTable(clientes, "cliente")
      yield* server.transact((tx) => tx.insert(clientes, { ...bia, email: "x" }))
      const other = server.createTable({ ...pedido, table: { ...pedido.table, name: "novo" } })
      yield* server.transact((tx) => tx.insert(other, order))
      yield* cdcOnce
      assert.deepStrictEqual(yield* rows, ["I1", "I2"])
      assert.strictEqual(yield* reason, "")
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect(
    "stays followed in a schema that was renamed there and back, beside the rows of 1001 others",
    () =>
      Effect.gen(function* () {
        const { server } = yield* followed
        const others = Array.from({ length: 1001 }, (_, i) =>
          server.createTable({ ...cliente, table: { ...cliente.table, name: `cliente_${i}` } }),
        )
        yield* cdcOnce
        server.renameSchema("db_loja", "db_passing")
        server.renameSchema("db_passing", "db_loja")
        yield* server.transact((tx) => {
          for (const other of others) tx.insert(other, ana)
        })
        yield* cdcOnce
        assert.strictEqual(yield* reason, "")
      }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("stays followed, where the unknown rows have columns that it has not", () =>
    Effect.gen(function* () {
      const { server, rowAs, clientes } = yield* followed
      const columns = [...cliente.columns, { name: "x", type: "text", nullable: true }]
      const other = server.createTable({ ...cliente, columns, table: { ...cliente.table, name: "novo" } })
      yield* server.transact((tx) => tx.insert(other, ana))
      server.renameTable(clientes, "passing")
      server.renameTable(clientes, "cliente")
      yield* cdcOnce
      assert.strictEqual(yield* reason, "")
      yield* rowAs("passing", "2")
      yield* cdcOnce
      assert.strictEqual(yield* reason, unknown)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("a look at the catalog", () => {
  it.effect(
    "that comes after rows and a rename, which came after the look at the WAL, loses none of them",
    () =>
      Effect.gen(function* () {
        const { server, clientes, row } = yield* followed
        let looks = 0
        const hasty = sessions((session) => ({
          ...session,
          relations: (asked) =>
            Effect.suspend(() => (++looks === 3 ? between : Effect.void)).pipe(
              Effect.andThen(session.relations(asked)),
            ),
        }))
        const between = Effect.andThen(
          row("2"),
          Effect.sync(() => server.renameTable(clientes, "pessoa")),
        )
        yield* row("0")
        const running = yield* started(Effect.provideServiceEffect(cdcForEver, ChangeSource, hasty))
        yield* look
        server.writeElsewhere(100)
        yield* look
        yield* row("3")
        yield* look
        yield* look
        yield* Fiber.interrupt(running)
        assert.deepStrictEqual(yield* rows, ["I1", "I0", "I2", "I3"])
        assert.strictEqual(yield* reason, "")
      }).pipe(Effect.provide(world(tablesInDatasets))),
  )

  it.effect("asks the server nothing more where no table was altered", () =>
    Effect.gen(function* () {
      const { row } = yield* followed
      const asked: Array<string> = []
      const noting = sessions((session) => ({
        ...session,
        relations: (request) => {
          asked.push("relations")
          return session.relations(request)
        },
        unknownNames: () => Effect.die(new Error("asked for names")),
        keptColumns: () => Effect.die(new Error("asked for columns")),
        newXid: Effect.die(new Error("asked for a transaction id")),
        oldestXid: Effect.die(new Error("asked for the oldest transaction")),
      }))
      yield* row("2")
      yield* Effect.provideServiceEffect(cdcOnce, ChangeSource, noting)
      assert.deepStrictEqual(asked, ["relations", "relations"])
      assert.deepStrictEqual(yield* rows, ["I1", "I2"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})

describe("an object whose rows were written under a name that is gone", () => {
  it.effect("is the lake's own: the next start goes on after it", () =>
    Effect.gen(function* () {
      const { server, clientes, row } = yield* followed
      server.renameTable(clientes, "passing")
      yield* row("2")
      const fails = nthWatermark(3, () =>
        Effect.fail(new StoreError({ reason: "Denied", subject: "inc", detail: "for a test" })),
      )
      const first = Effect.provideServiceEffect(cdcOnce, WatermarkStore, fails)
      assert.notStrictEqual(exitCode(yield* ended(first)), 0)
      assert.deepStrictEqual(yield* rows, ["I1", "I2"])
      server.renameTable(clientes, "cliente")
      yield* row("3")
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      assert.deepStrictEqual(yield* rows, ["I1", "I2", "I3"])
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})
