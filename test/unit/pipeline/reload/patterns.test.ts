/** Patterns in SOURCE_TABLES: tables that match come, go and collide, and the others go on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Option, References } from "effect"
import { TestClock } from "effect/testing"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { lineOf, reasonOf, rowsOf } from "../../../support/lake/memoryRows.ts"
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
  settings,
  shop,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"

const poll = TestClock.adjust("2 seconds")
const all = { SOURCE_TABLES: "db_loja.*" }
const named = (schema: string, name: string) => ({ ...cliente, table: { schema, name } })

/** A lake with one row of `cliente`. */
const begun = Effect.gen(function* () {
  const found = yield* shop
  yield* found.server.transact((tx) => tx.insert(found.clientes, ana))
  yield* cdcOnce
  return found
})

describe("cdc with a pattern", () => {
  it.effect("follows all tables that match, in folders of their own", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      const other = server.createTable(named("outro", "cliente"))
      yield* server.transact((tx) => {
        tx.insert(clientes, ana)
        tx.insert(pedidos, order)
        tx.insert(other, bia)
      })
      yield* cdcOnce
      assert.deepStrictEqual([yield* rowsOf("cliente"), yield* rowsOf("pedido")], [["I1"], ["I7"]])
      assert.deepStrictEqual(
        (yield* lakeKeys).filter((key) => key.endsWith(".csv") && !/\/(cliente|pedido)\//.test(key)),
        [],
      )
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("follows a table that comes while it runs, from the next batch on", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const program = yield* started(cdcForEver)
      const made = server.createTable(named("db_loja", "produto"))
      yield* server.transact((tx) => {
        tx.insert(made, ana)
        tx.insert(clientes, ana)
      })
      yield* poll
      assert.strictEqual(yield* reasonOf("produto"), "new")
      yield* server.transact((tx) => tx.insert(made, bia))
      yield* poll
      assert.deepStrictEqual([yield* rowsOf("produto"), yield* rowsOf("cliente")], [["I2"], ["I1"]])
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("asks the catalog once for each batch with new WAL, and never where there is none", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const { relations } = server
      let asked = 0
      server.relations = (...args) => {
        asked++
        return relations.apply(server, args)
      }
      const program = yield* started(cdcForEver)
      const atStart = asked
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(asked, atStart)
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(asked, atStart + 1)
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect(
    "writes what was logged of a table that was dropped while it was down, and leaves the dataset",
    () =>
      Effect.gen(function* () {
        const { server, clientes, pedidos } = yield* begun
        yield* server.transact((tx) => {
          tx.insert(clientes, bia)
          tx.insert(pedidos, order)
        })
        server.dropTable(clientes)
        assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
        assert.deepStrictEqual([yield* rowsOf("cliente"), yield* rowsOf("pedido")], [["I1", "I2"], ["I7"]])
        assert.isDefined(yield* lineOf("left.cliente"))
      }).pipe(Effect.provide(world(all))),
  )

  it.effect("goes on under the dataset that the pattern gives, where a table was renamed", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* begun
      server.renameTable(clientes, "pessoa")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "3" }))
      yield* cdcOnce
      assert.deepStrictEqual([yield* rowsOf("cliente"), yield* rowsOf("pessoa")], [["I1", "I2"], ["I3"]])
      assert.strictEqual(yield* reasonOf("pessoa"), "new")
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("keeps the dataset of a named table that is renamed to what a pattern matches", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* begun
      server.renameTable(clientes, "pessoa")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* cdcOnce
      assert.deepStrictEqual([yield* rowsOf("clientes"), yield* rowsOf("pessoa")], [["I1", "I2"], []])
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.cliente=clientes,db_loja.*" }))),
  )

  it.effect("is not stopped by tables that it cannot follow, and warns once of each", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      server.createTable(named("db_loja", "Ação"))
      server.createTable(named("db_loja", "_oculta"))
      server.createTable(named("db_loja", "Pedido"))
      server.createTable(named("db_loja", "rascunho")).isUnlogged = true
      const logged = yield* warningsOf(
        Effect.gen(function* () {
          const program = yield* started(cdcForEver)
          yield* server.transact((tx) => tx.insert(clientes, ana))
          yield* TestClock.adjust("10 seconds")
          yield* server.transact((tx) => tx.insert(clientes, bia))
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.interrupt(program)
        }),
      )
      assert.deepStrictEqual(yield* rowsOf("cliente"), ["I1", "I2"])
      for (const name of ["Ação", "_oculta", "Pedido", "rascunho"])
        assert.strictEqual(
          logged.filter((text) => text.includes(`"db_loja"."${name}" matches`)).length,
          1,
          name,
        )
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("asks the lake once about a table whose name it cannot take, and not at each batch", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      server.createTable(named("db_loja", "_oculta"))
      const store = yield* ObjectStore
      let asked = 0
      const counted = ObjectStore.of({
        ...store,
        list: (prefix, after) => {
          if (prefix.startsWith("full/_oculta/")) asked++
          return store.list(prefix, after)
        },
      })
      yield* started(Effect.provideService(cdcForEver, ObjectStore, counted))
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* poll
      const atFirst = asked
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => tx.insert(clientes, { ...ana, id }))
        yield* poll
      }
      assert.deepStrictEqual(yield* rowsOf("cliente"), ["I1", "I2", "I3", "I4"])
      assert.isAbove(atFirst, 0)
      assert.strictEqual(asked, atFirst)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is not stopped by a new table whose key COLUMNS_EXCLUDE leaves out, and warns of it", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const logged = yield* warningsOf(
        Effect.gen(function* () {
          const program = yield* started(cdcForEver)
          yield* server.transact((tx) => tx.insert(clientes, ana))
          yield* poll
          const made = server.createTable(named("db_loja", "produto"))
          for (const person of [ana, bia]) {
            yield* server.transact((tx) => {
              tx.insert(made, person)
              tx.insert(clientes, { ...bia, id: `1${person.id}` })
            })
            yield* poll
          }
          assert.isUndefined(program.pollUnsafe())
          yield* Fiber.interrupt(program)
          assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
        }),
      )
      assert.deepStrictEqual([yield* rowsOf("cliente"), yield* rowsOf("produto")], [["I1", "I11", "I12"], []])
      assert.match(logged.join("\n"), /"produto" matches a pattern and is not followed: .*"id".* its key/)
      assert.strictEqual(exitCode(yield* ended(Pipeline.full)), 2)
    }).pipe(Effect.provide(world({ ...all, COLUMNS_EXCLUDE: "db_loja.produto.id" }))),
  )

  it.effect("is refused with 2 where the key of a table that it follows is left out", () =>
    Effect.gen(function* () {
      yield* begun
      const masked = settings({ ...all, COLUMNS_EXCLUDE: "db_loja.cliente.id" })
      assert.strictEqual(exitCode(yield* Effect.provide(ended(cdcOnce), masked)), 2)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("keeps a dataset with its table, where another schema's table would get it too", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* begun
      const twin = server.createTable(named("outro", "cliente"))
      yield* server.transact((tx) => {
        tx.insert(clientes, bia)
        tx.insert(twin, { ...ana, id: "9" })
      })
      yield* cdcOnce
      assert.deepStrictEqual(yield* rowsOf("cliente"), ["I1", "I2"])
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "*.cliente={table},db_loja.pedido" }))),
  )

  it.effect("reports rows of a table that was created, filled and dropped while it was down", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* begun
      const brief = (schema: string, name: string) =>
        Effect.gen(function* () {
          const table = server.createTable(named(schema, name))
          yield* server.transact((tx) => tx.insert(table, ana))
          server.dropTable(table)
        })
      yield* brief("db_loja", "passageira")
      yield* brief("db_loja", "tmp_1")
      yield* brief("outro", "passageira")
      yield* server.transact((tx) => tx.insert(clientes, bia))
      const logged = yield* warningsOf(cdcOnce)
      assert.deepStrictEqual(
        logged.map((text) => /Table (\S+) matches db_loja\.\*, and was created and dropped/.exec(text)?.[1]),
        ['"db_loja"."passageira"'],
      )
      assert.strictEqual(yield* reasonOf("passageira"), "unknown relation")
      assert.deepStrictEqual(yield* rowsOf("cliente"), ["I1", "I2"])
      assert.deepStrictEqual(yield* warningsOf(cdcOnce), [])
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*,!*.tmp_*" }))),
  )

  it.effect("reports the first 20 of such tables, and how many more there are", () =>
    Effect.gen(function* () {
      const { server } = yield* begun
      for (let i = 0; i < 25; i++) {
        const table = server.createTable(named("db_loja", `passageira_${i}`))
        yield* server.transact((tx) => tx.insert(table, ana))
        server.dropTable(table)
      }
      const lines: Array<string> = []
      const keep = Logger.make(({ message }) => lines.push(String(message)))
      const logger = Layer.merge(Logger.layer([keep]), Layer.succeed(References.MinimumLogLevel, "Info"))
      yield* Effect.provide(cdcOnce, logger)
      assert.lengthOf(
        lines.filter((text) => text.includes("was created and dropped")),
        20,
      )
      assert.lengthOf(
        lines.filter((text) => text.includes("5 more of these; a pattern after !")),
        1,
      )
      assert.strictEqual(yield* reasonOf("passageira_24"), "unknown relation")
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
  )

  it.effect("reports no table that exists, whatever its name", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      const unusable = server.createTable(named("db_loja", "Ação"))
      const other = server.createTable(named("outro", "coisa"))
      const logged = yield* warningsOf(
        Effect.gen(function* () {
          yield* server.transact((tx) => {
            tx.insert(clientes, ana)
            tx.insert(unusable, ana)
            tx.insert(other, ana)
            tx.truncate([unusable, other])
          })
          yield* cdcOnce
        }),
      )
      assert.deepStrictEqual(
        logged.filter((text) => text.includes("was created and dropped")),
        [],
      )
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("starts with a pattern that matches nothing, and says so", () =>
    Effect.gen(function* () {
      yield* shop
      const logged = yield* warningsOf(cdcOnce)
      assert.include(logged.join(), "The pattern vazio.* in SOURCE_TABLES matches no table")
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*,vazio.*" }))),
  )
})

describe("full with a pattern", () => {
  const manifests = Effect.map(lakeKeys, (keys) =>
    keys.filter((key) => key.endsWith(".json")).map((key) => key.split("/")[1]),
  )

  it.effect("copies all tables that match", () =>
    Effect.gen(function* () {
      yield* shop
      yield* Pipeline.full
      assert.deepStrictEqual(yield* manifests, ["cliente", "pedido"])
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("refuses with 2 tables that cannot be copied under their names, all together", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      server.createTable(named("db_loja", "Ação"))
      server.createTable(named("db_loja", "_oculta"))
      const { message } = yield* failureOf(Pipeline.full)
      assert.match(message, /"Ação" matches .*\n.*"_oculta" matches/)
      assert.strictEqual(exitCode(yield* ended(Pipeline.full)), 2)
      assert.deepStrictEqual(yield* lakeKeys, [])
    }).pipe(Effect.provide(world(all))),
  )

  const only = (tables: string) => Pipeline.fullInto({ isNewSource: false, only: Option.some(tables) })

  for (const [tables, copied] of [
    ["pedido", ["pedido"]],
    ["db_loja.pedido", ["pedido"]],
    ['"db_loja".ped*, cliente', ["cliente", "pedido"]],
  ] as const) {
    it.effect(`copies with --tables ${tables} only these`, () =>
      Effect.gen(function* () {
        const { server } = yield* shop
        server.createTable(named("db_loja", "Ação"))
        yield* only(tables)
        assert.deepStrictEqual(yield* manifests, [...copied])
      }).pipe(Effect.provide(world(all))),
    )
  }

  for (const tables of ["", "  ", "cliente,"])
    it.effect(`refuses with 2 a --tables in which a name is missing: "${tables}"`, () =>
      Effect.gen(function* () {
        yield* shop
        const exit = yield* Effect.exit(only(tables))
        assert.strictEqual(exitCode(exit), 2)
        assert.include(String(exit), "--tables")
        assert.deepStrictEqual(yield* lakeKeys, [])
      }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.*" }))),
    )

  it.effect("refuses with 2 what --tables names and SOURCE_TABLES does not have", () =>
    Effect.gen(function* () {
      yield* shop
      const { message } = yield* failureOf(only("pedidos,outro.x,cliente"))
      assert.match(message, /"pedidos" is no table or dataset.*\n.*"outro.x" is no table/)
      assert.deepStrictEqual(yield* lakeKeys, [])
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("copies a table that came while cdc runs, and the gap is closed", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* Pipeline.full
      const program = yield* started(cdcForEver)
      const made = server.createTable(named("db_loja", "produto"))
      yield* server.transact((tx) => tx.insert(made, ana))
      yield* poll
      yield* only("produto")
      assert.deepStrictEqual(yield* manifests, ["cliente", "pedido", "produto"])
      yield* Fiber.interrupt(program)
    }).pipe(Effect.provide(world(all))),
  )
})

describe("the layout of a new lake", () => {
  it.effect("is datasets with a pattern, also where it matches one table only", () =>
    Effect.gen(function* () {
      yield* begun
      assert.strictEqual(yield* lineOf("layout"), "datasets")
    }).pipe(Effect.provide(world({ SOURCE_TABLES: "db_loja.cli*" }))),
  )

  it.effect("cannot be single with a pattern", () =>
    Effect.gen(function* () {
      yield* shop
      const { message } = yield* failureOf(Pipeline.full)
      assert.include(message, "SOURCE_TABLES has a pattern")
    }).pipe(Effect.provide(Layer.merge(world(), settings({ ...all, LAKE_LAYOUT: "single" })))),
  )
})
