/** A masked column under another name: its values stay out of the lake until the settings say what they are. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { full } from "../../../../src/Pipeline.ts"
import { peopleTable, textColumn } from "../../../support/memory/columns/people.ts"
import { holds, lakeText, noSecret } from "../../../support/memory/columns/secrets.ts"
import {
  cdcForEver,
  cdcOnce,
  settings,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"

const look = TestClock.adjust("2 seconds")
const hashed = { COLUMNS_HASH: "db_loja.cliente.cpf", COLUMNS_HASH_KEY: "k" }
const excluded = { COLUMNS_EXCLUDE: "db_loja.cliente.cpf" }

const people = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  server.slots.create(slotName)
  const table = server.createTable(peopleTable("cpf", "nome"))
  yield* server.transact((tx) => tx.insert(table, { id: "1", cpf: "segredo-1", nome: "nome-1" }))
  yield* cdcOnce
  table.renameColumn("cpf", "doc")
  const insert = (id: string, more = {}) =>
    server.transact((tx) => tx.insert(table, { id, doc: `segredo-${id}`, nome: `nome-${id}`, ...more }))
  yield* insert("2")
  return { table, insert }
})

const notice =
  /"db_loja"\."cliente": the column "doc" was masked as "cpf".*db_loja\.cliente\.doc in COLUMNS_EXCLUDE or COLUMNS_HASH/

for (const [how, rules] of [
  ["hashed", hashed],
  ["excluded", excluded],
] as const) {
  describe(`a column that was ${how} under another name`, () => {
    it.effect("is left out by cdc and by full, which warn of it", () =>
      Effect.gen(function* () {
        const { insert } = yield* people
        assert.match((yield* warningsOf(cdcOnce)).join("\n"), notice)
        yield* insert("3")
        yield* cdcOnce
        assert.match((yield* warningsOf(full)).join("\n"), notice)
        yield* noSecret
        yield* holds("nome-3")
      }).pipe(Effect.provide(world(rules))),
    )

    it.effect("is left out by a cdc that was running, which warns once", () =>
      Effect.gen(function* () {
        const { insert, table } = yield* people
        table.renameColumn("doc", "cpf")
        const told = yield* warningsOf(
          Effect.gen(function* () {
            const program = yield* started(cdcForEver)
            yield* look
            table.renameColumn("cpf", "doc")
            for (const id of ["3", "4"]) {
              yield* insert(id)
              yield* look
            }
            yield* Fiber.interrupt(program)
          }),
        )
        assert.strictEqual(told.filter((text) => notice.test(text)).length, 1)
        assert.notInclude(yield* lakeText, "segredo-3")
        assert.notInclude(yield* lakeText, "segredo-4")
      }).pipe(Effect.provide(world(rules))),
    )

    it.effect("stays out where a new column has the old name", () =>
      Effect.gen(function* () {
        const { insert, table } = yield* people
        table.addColumn(textColumn("cpf"))
        yield* insert("3", { cpf: "segredo-novo" })
        yield* cdcOnce
        yield* noSecret
        yield* holds("nome-3")
      }).pipe(Effect.provide(world(rules))),
    )

    it.effect("comes in clear once no entry is about its old name", () =>
      Effect.gen(function* () {
        const { insert } = yield* people
        yield* cdcOnce
        const others = settings({ COLUMNS_EXCLUDE: "db_loja.cliente.rg" })
        yield* insert("3")
        yield* Effect.provide(cdcOnce, others)
        yield* holds("segredo-3")
      }).pipe(Effect.provide(world(rules))),
    )
  })
}

it.effect("a column that was masked under another name comes masked with an entry for the new one", () =>
  Effect.gen(function* () {
    const { insert } = yield* people
    yield* cdcOnce
    const both = settings({ ...hashed, COLUMNS_HASH: "db_loja.cliente.cpf,db_loja.cliente.doc" })
    yield* insert("3")
    yield* Effect.provide(cdcOnce, both)
    yield* noSecret
    assert.match(yield* lakeText, /nome-3/)
    assert.match(yield* lakeText, /3,[0-9a-f]{64},nome-3/)
  }).pipe(Effect.provide(world(hashed))),
)
