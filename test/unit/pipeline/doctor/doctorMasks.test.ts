/** What `doctor` says of tables and columns that were masked under another name. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { layer as memoryInspection } from "../../../../layers/memory/source/MemorySourceInspection.ts"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { peopleTable } from "../../../support/memory/columns/people.ts"
import { cdcOnce, ended, settings, slotName, world } from "../../../support/memory/memoryWorld.ts"
import { row, sales } from "../../../support/memory/partitionedWorld.ts"

const hashed = { COLUMNS_HASH: "db_loja.cliente.cpf,db_loja.venda.v", COLUMNS_HASH_KEY: "k" }
const inMemory = (tables: string) =>
  Layer.provideMerge(memoryInspection([slotName]), world({ ...hashed, SOURCE_TABLES: tables }))

const found = Effect.gen(function* () {
  const sections = yield* Effect.flatten(ended(examine))
  return sections
    .flatMap(({ findings }) => findings)
    .map(({ mark, check, finding, advice }) => `${mark} ${check}: ${finding}. ${advice}`)
    .join("\n")
})

const people = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  server.slots.create(slotName)
  const table = server.createTable(peopleTable("cpf", "nome"))
  yield* server.transact((tx) => tx.insert(table, { id: "1", cpf: "a", nome: "b" }))
  yield* cdcOnce
  return { server, table }
})

describe("doctor", () => {
  it.effect("fails for a detached partition that was masked as a part of its root", () =>
    Effect.gen(function* () {
      const { server, root, one } = yield* sales
      yield* server.transact((tx) => tx.insert(one, row(1, 1)))
      yield* cdcOnce
      root.detach(one)
      const text = yield* found
      assert.match(
        text,
        /^failed "db_loja"\."venda_01": .*masked by db_loja\.venda\.v .*db_loja\.venda_01\.v in COLUMNS_HASH/m,
      )
      assert.notMatch(text, /GRANT .*venda_01/)
    }).pipe(Effect.provide(inMemory("db_loja.*"))),
  )

  it.effect("says which entry a renamed table needs, and fails where only SOURCE_TABLES has its name", () =>
    Effect.gen(function* () {
      const { server, table } = yield* people
      server.renameTable(table, "cliente_novo")
      assert.match(yield* found, /SOURCE_TABLES, and db_loja\.cliente_novo\.cpf in COLUMNS_HASH/)
      const next = settings({ ...hashed, SOURCE_TABLES: "db_loja.cliente_novo=clientes" })
      assert.match(
        yield* Effect.provide(found, next),
        /^failed "db_loja"\."cliente_novo": .*masked by db_loja\.cliente\.cpf/m,
      )
    }).pipe(Effect.provide(inMemory("db_loja.cliente=clientes"))),
  )

  it.effect("warns of a column that was masked under another name", () =>
    Effect.gen(function* () {
      const { table } = yield* people
      table.renameColumn("cpf", "doc")
      assert.match(
        yield* found,
        /^warning "db_loja"\."cliente": the column "doc" was masked as "cpf".*db_loja\.cliente\.doc in COLUMNS_EXCLUDE/m,
      )
    }).pipe(Effect.provide(inMemory("db_loja.cliente=clientes"))),
  )
})
