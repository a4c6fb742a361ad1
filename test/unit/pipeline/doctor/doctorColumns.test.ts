/** What `doctor` says of COLUMNS_EXCLUDE and COLUMNS_HASH. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { layer as memoryInspection } from "../../../../layers/memory/source/MemorySourceInspection.ts"
import { projectionFor } from "../../../../src/core/columns/Projection.ts"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { tableFindings } from "../../../../src/doctor/source/TableFindings.ts"
import { table } from "../../../support/memory/fakeInspection.ts"
import { ended, shop, slotName, twoTables, world } from "../../../support/memory/memoryWorld.ts"
import { hashKey, rulesOf } from "../../../support/slot/projectedChange.ts"

/** The marks and findings of the tables and of the lists. */
const found = Effect.gen(function* () {
  yield* shop
  const sections = yield* Effect.flatten(ended(examine))
  return sections
    .flatMap(({ findings }) => findings)
    .filter(({ check }) => check.startsWith('"') || check === "columns")
    .map(({ mark, check, finding }) => `${mark} ${check}: ${finding}`)
})

const inMemory = (variables: Readonly<Record<string, string>>) =>
  Layer.provideMerge(memoryInspection([slotName]), world({ ...twoTables, ...variables }))

describe("doctor", () => {
  it.effect("fails for each table whose key is excluded, and names the column", () =>
    Effect.gen(function* () {
      const findings = (yield* found).filter((one) => one.startsWith("failed"))
      assert.deepStrictEqual(
        findings,
        ["cliente", "pedido"].map(
          (name) => `failed "db_loja"."${name}": COLUMNS_EXCLUDE names id, which belongs to its key`,
        ),
      )
    }).pipe(Effect.provide(inMemory({ COLUMNS_EXCLUDE: "*.id" }))),
  )

  it.effect("counts what is excluded and hashed, and warns of an entry that matches no column", () =>
    Effect.gen(function* () {
      const findings = yield* found
      assert.include(findings.join("\n"), '"db_loja"."cliente": 3 columns, 1 excluded, 1 hashed, key id')
      assert.include(findings.join("\n"), '"db_loja"."pedido": 2 columns, key id')
      assert.deepStrictEqual(
        findings.filter((one) => one.startsWith("warning")),
        ['warning columns: COLUMNS_EXCLUDE: "*.cpf" matches no column of the tables in SOURCE_TABLES'],
      )
    }).pipe(
      Effect.provide(
        inMemory({
          COLUMNS_EXCLUDE: "db_loja.cliente.nome, *.cpf",
          COLUMNS_HASH: "*.ativo",
          COLUMNS_HASH_KEY: hashKey,
        }),
      ),
    ),
  )
})

describe("a role that may read some columns", () => {
  const columns = ["id", "cpf"].map((name) => ({ name, type: "text", nullable: true }))
  const source = { table: table.description.table, dataset: "clientes" }
  const facts = { ...table, description: { ...table.description, columns }, mayRead: false, readable: ["id"] }
  const excluding = projectionFor(rulesOf(["*.cpf"], []), [source.table])

  it("may copy a table of which the others are excluded", () => {
    assert.deepStrictEqual(
      tableFindings(source, facts, "reader", excluding).map(({ mark }) => mark),
      ["ok"],
    )
    assert.deepStrictEqual(
      tableFindings(source, facts, "reader").map(({ sql }) => sql),
      [['GRANT SELECT ON "db_loja"."cliente" TO "reader";']],
    )
    assert.deepStrictEqual(
      tableFindings(source, { ...facts, readable: [] }, "reader", excluding).map(({ sql }) => sql),
      [['GRANT SELECT ("id") ON "db_loja"."cliente" TO "reader";']],
    )
  })
})
