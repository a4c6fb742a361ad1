/** Values that were masked never come in clear because of another name: only the settings of columns lift a mask. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { full } from "../../../../src/Pipeline.ts"
import { peopleTable } from "../../../support/memory/columns/people.ts"
import { holds, noSecret } from "../../../support/memory/columns/secrets.ts"
import {
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  settings,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { row as saleRow, sales } from "../../../support/memory/partitionedWorld.ts"
import { warned } from "../../../support/memory/warnings.ts"

const look = TestClock.adjust("2 seconds")
const row = (id: string) => ({ id, cpf: `segredo-${id}`, nome: `nome-${id}` })
const sale = (id: number, mes: number) => saleRow(id, mes, `segredo-${id}`)

const all = {
  SOURCE_TABLES: "db_loja.*",
  COLUMNS_HASH: "db_loja.cliente.cpf,db_loja.venda.v",
  COLUMNS_HASH_KEY: "k",
}
const oneTable = { ...all, SOURCE_TABLES: "db_loja.cliente=clientes" }

/** `db_loja.cliente` with one row in `inc`. */
const people = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  server.slots.create(slotName)
  const table = server.createTable(peopleTable("cpf", "nome"))
  yield* server.transact((tx) => tx.insert(table, row("1")))
  yield* cdcOnce
  return { server, table }
})

const codeOf = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.map(ended(Effect.asVoid(program)), (exit) => [exitCode(exit), String(exit)] as const)

describe("a table that a pattern matches and that was masked under another name", () => {
  it.effect("is not followed after a rename, also by the next cdc, and full refuses it", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_velho")
      const told: Array<string> = []
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => tx.insert(table, row(id)))
        told.push(...(yield* warned(cdcOnce))[1])
      }
      yield* noSecret
      assert.match(
        told.join("\n"),
        /"cliente_velho" matches a pattern and is not followed: .*db_loja\.cliente\.cpf.*"db_loja"\."cliente".*db_loja\.cliente_velho\.cpf.*!"db_loja"\."cliente_velho"/,
      )
      const [code, text] = yield* codeOf(full)
      assert.strictEqual(code, 2, text)
      yield* noSecret
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is not followed while cdc runs, and warned of once", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      const [, told] = yield* warned(
        Effect.gen(function* () {
          const program = yield* started(cdcForEver)
          server.renameTable(table, "cliente_velho")
          for (const id of ["2", "3", "4"]) {
            yield* server.transact((tx) => tx.insert(table, row(id)))
            yield* look
          }
          assert.isUndefined(program.pollUnsafe())
          yield* Fiber.interrupt(program)
        }),
      )
      yield* noSecret
      assert.strictEqual(told.filter((text) => text.includes("is not followed")).length, 1)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is not followed where another table has the old name by now", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_velho")
      const next = server.createTable(peopleTable("cpf", "nome"))
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => {
          tx.insert(table, row(id))
          tx.insert(next, row(`${id}0`))
        })
        yield* cdcOnce
      }
      yield* noSecret
      yield* holds("nome-40")
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is not followed where other entries mask some of its columns", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_velho")
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => tx.insert(table, row(id)))
        yield* cdcOnce
      }
      yield* noSecret
    }).pipe(Effect.provide(world({ ...all, COLUMNS_EXCLUDE: "*.nome" }))),
  )

  it.effect("is followed, masked, with an entry for its new name", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_velho")
      const both = settings({ ...all, COLUMNS_HASH: "db_loja.cliente.cpf,db_loja.cliente_velho.cpf" })
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => tx.insert(table, row(id)))
        yield* Effect.provide(cdcOnce, both)
      }
      yield* noSecret
      yield* holds("nome-4")
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is followed in clear once the settings mask it no more", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_velho")
      const none = settings({ ...all, COLUMNS_HASH: "db_loja.venda.v" })
      for (const id of ["2", "3"]) {
        yield* Effect.provide(cdcOnce, none)
        yield* server.transact((tx) => tx.insert(table, row(id)))
      }
      yield* Effect.provide(cdcOnce, none)
      yield* holds("segredo-3")
    }).pipe(Effect.provide(world(all))),
  )
})

describe("a partition of a masked table", () => {
  it.effect("is not followed as a table of its own after it was detached, also by the next cdc", () =>
    Effect.gen(function* () {
      const { server, root, one, two } = yield* sales
      const program = yield* started(cdcForEver)
      yield* server.transact((tx) => tx.insert(one, sale(1, 1)))
      yield* look
      root.detach(one)
      for (const id of [2, 3, 4]) {
        yield* server.transact((tx) => {
          tx.insert(one, sale(id, 1))
          tx.insert(two, sale(id * 10, 2))
        })
        yield* look
      }
      yield* Fiber.interrupt(program)
      yield* server.transact((tx) => tx.insert(one, sale(5, 1)))
      const [, told] = yield* warned(cdcOnce)
      yield* noSecret
      assert.match(told.join("\n"), /"venda_01" matches a pattern and is not followed: .*"db_loja"\."venda"/)
      assert.strictEqual((yield* codeOf(full))[0], 2)
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("is not followed after it was detached while cdc was down", () =>
    Effect.gen(function* () {
      const { server, root, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, sale(1, 1)))
      yield* cdcOnce
      root.detach(one)
      for (const id of [2, 3, 4]) {
        yield* server.transact((tx) => tx.insert(one, sale(id, 1)))
        yield* cdcOnce
      }
      yield* noSecret
    }).pipe(Effect.provide(world(all))),
  )

  it.effect("takes no masked table into the dataset of a root without a mask", () =>
    Effect.gen(function* () {
      const { server, root, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, saleRow(1, 1)))
      const { table } = yield* people
      root.attach(table)
      for (const id of ["2", "3", "4"]) {
        yield* server.transact((tx) => tx.insert(table, row(id)))
        yield* ended(cdcOnce)
      }
      yield* noSecret
    }).pipe(Effect.provide(world({ ...all, COLUMNS_HASH: "db_loja.cliente.cpf" }))),
  )
})

describe("a named table that was masked under another name", () => {
  const renamed = { ...oneTable, SOURCE_TABLES: "db_loja.cliente_novo=clientes" }

  it.effect("is refused with 2 by cdc and by full where only SOURCE_TABLES has the new one", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_novo")
      yield* server.transact((tx) => tx.insert(table, row("2")))
      const [, told] = yield* warned(cdcOnce)
      assert.match(
        told.join("\n"),
        /Write db_loja\.cliente_novo=clientes in SOURCE_TABLES, and db_loja\.cliente_novo\.cpf .*COLUMNS_HASH/,
      )
      yield* server.transact((tx) => tx.insert(table, row("3")))
      for (const command of [cdcOnce, full]) {
        const [code, text] = yield* Effect.provide(codeOf(command), settings(renamed))
        assert.strictEqual(code, 2, text)
        assert.match(text, /db_loja\.cliente_novo\.cpf/)
      }
      yield* noSecret
    }).pipe(Effect.provide(world(oneTable))),
  )

  it.effect("goes on, masked, where both settings have the new one", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_novo")
      yield* server.transact((tx) => tx.insert(table, row("2")))
      yield* cdcOnce
      const next = settings({ ...renamed, COLUMNS_HASH: "db_loja.cliente_novo.cpf" })
      yield* server.transact((tx) => tx.insert(table, row("3")))
      assert.deepStrictEqual((yield* Effect.provide(codeOf(cdcOnce), next))[0], 0)
      yield* noSecret
      yield* holds("nome-3")
    }).pipe(Effect.provide(world(oneTable))),
  )
})
