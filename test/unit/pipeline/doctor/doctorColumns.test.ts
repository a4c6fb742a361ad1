/** What `doctor` says of COLUMNS_EXCLUDE and COLUMNS_HASH. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { layer as memoryInspection } from "../../../../layers/memory/source/MemorySourceInspection.ts"
import { projectionFor } from "../../../../src/core/columns/Projection.ts"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { tableFindings } from "../../../../src/doctor/source/TableFindings.ts"
import { full } from "../../../../src/Pipeline.ts"
import { table } from "../../../support/memory/fakeInspection.ts"
import {
  ana,
  cdcOnce,
  ended,
  lakeKeys,
  settings,
  shop,
  slotName,
  twoTables,
  world,
} from "../../../support/memory/memoryWorld.ts"
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

describe("objects that were written before a mask", () => {
  const masked = { COLUMNS_EXCLUDE: "db_loja.cliente.nome" }
  const now = Effect.provide(settings(masked))
  const earlier = Effect.map(Effect.flatten(ended(examine)), (sections) =>
    sections
      .flatMap(({ findings }) => findings)
      .filter(({ check }) => check === "masked columns")
      .map(({ mark, finding, advice }) => `${mark} ${finding}. ${advice}`),
  )
  const grown = Effect.gen(function* () {
    const { server, clientes } = yield* shop
    yield* full
    for (const id of ["1", "2", "3"]) {
      yield* server.transact((tx) => tx.insert(clientes, { ...ana, id }))
      yield* ended(cdcOnce)
    }
    const before = (yield* lakeKeys).filter((key) => key.endsWith(".csv"))
    yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "4" }))
    yield* ended(now(cdcOnce))
    yield* server.transact((tx) => tx.insert(clientes, { ...ana, id: "5" }))
    yield* ended(now(cdcOnce))
    return before
  })

  it.effect("are named, a few of them, with what to do", () =>
    Effect.gen(function* () {
      const before = yield* grown
      yield* now(full)
      const [found = "", ...others] = yield* now(earlier)
      assert.strictEqual(before.length, 4)
      assert.include(found, 'warning 5 objects of "clientes" may keep values that are masked now')
      assert.include(found, `${before.slice(0, 3).join(", ")} and 2 more`)
      assert.include(found, "delete those that are older than a day")
      assert.deepStrictEqual(others, [])
    }).pipe(Effect.provide(Layer.provideMerge(memoryInspection([slotName]), world()))),
  )

  it.effect("are none in a lake that was masked from its beginning", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* full
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* ended(cdcOnce)
      assert.deepStrictEqual(yield* earlier, ["ok no object was written under other settings. "])
    }).pipe(Effect.provide(Layer.provideMerge(memoryInspection([slotName]), world(masked)))),
  )

  it.effect("are not looked for where nothing is masked", () =>
    Effect.gen(function* () {
      yield* shop
      yield* full
      yield* ended(cdcOnce)
      assert.deepStrictEqual(yield* earlier, [])
    }).pipe(Effect.provide(Layer.provideMerge(memoryInspection([slotName]), world()))),
  )
})

describe("a role that may read some columns", () => {
  const columns = ["id", "cpf"].map((name, i) => ({ name, type: "text", nullable: true, attnum: i + 1 }))
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
