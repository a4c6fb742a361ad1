/** ON_NEW_COLUMN in a pipeline whose source and lake are in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"
import { full } from "../../../../src/Pipeline.ts"
import { SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { peopleTable, textColumn } from "../../../support/memory/columns/people.ts"
import {
  cdcOnce,
  ended,
  exitCode,
  incKeys,
  lakeKeys,
  settings,
  slotName,
  textOf,
  textsOf,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"

const pessoa = peopleTable("cpf", "cidade")
const rules = { COLUMNS_EXCLUDE: "*.cpf", ON_NEW_COLUMN: "exclude" }
const row = (id: string) => ({ id, cpf: "segredo", cidade: "Recife" })

const created = Effect.gen(function* () {
  const server = yield* MemoryPostgres
  server.slots.create(slotName)
  return { server, table: server.createTable(pessoa) }
})

/** A lake with a copy, and with changes if `changes`; then the table has got one more column. */
const grown = Effect.fnUntraced(function* (changes: "changes" | "copy") {
  const { server, table } = yield* created
  yield* server.transact((tx) => tx.insert(table, row("1")))
  yield* full
  if (changes === "changes") yield* cdcOnce
  table.addColumn(textColumn("rg"))
  yield* server.transact((tx) => tx.insert(table, { ...row("2"), rg: "segredo-rg" }))
  return { server, table }
})

const newestHeader = Effect.gen(function* () {
  const csv = yield* textOf((yield* incKeys).at(-1) ?? "")
  return csv.split("\n")[0]?.split(",").slice(7)
})
const newestManifest = Effect.gen(function* () {
  const key = (yield* lakeKeys).filter((one) => one.includes("/_full_")).at(-1) ?? ""
  return Result.getOrThrow(Manifest.parse(yield* textOf(key)))
})
const noSecret = Effect.map(Effect.flatMap(lakeKeys, textsOf), (all) => assert.notInclude(all, "segredo"))

describe("a new column of a table with a list", () => {
  for (const changes of ["changes", "copy"] as const) {
    it.effect(
      `is left out by cdc and by full where the lake has a ${changes === "copy" ? "copy" : "copy and changes"}`,
      () =>
        Effect.gen(function* () {
          yield* grown(changes)
          yield* cdcOnce
          assert.deepStrictEqual(yield* newestHeader, ["id", "cidade"])
          yield* full
          const { columns, excluded } = yield* newestManifest
          assert.deepStrictEqual(
            columns.map(({ name }) => name),
            ["id", "cidade"],
          )
          assert.deepStrictEqual(excluded, ["cpf", "rg"])
          yield* noSecret
        }).pipe(Effect.provide(world(rules))),
    )
  }

  it.effect("is left out where the lake has changes and no copy", () =>
    Effect.gen(function* () {
      const { server, table } = yield* created
      yield* server.transact((tx) => tx.insert(table, row("1")))
      yield* cdcOnce
      assert.deepStrictEqual(yield* newestHeader, ["id", "cidade"])
      table.addColumn(textColumn("rg"))
      yield* server.transact((tx) => tx.insert(table, { ...row("2"), rg: "segredo" }))
      yield* cdcOnce
      assert.strictEqual((yield* incKeys).length, 2)
      assert.deepStrictEqual(yield* newestHeader, ["id", "cidade"])
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("is copied by default", () =>
    Effect.gen(function* () {
      yield* grown("changes")
      yield* cdcOnce
      assert.deepStrictEqual(yield* newestHeader, ["id", "cidade", "rg"])
    }).pipe(Effect.provide(world({ COLUMNS_EXCLUDE: "*.cpf" }))),
  )

  it.effect("is copied of a table that no entry is about", () =>
    Effect.gen(function* () {
      yield* grown("changes")
      yield* cdcOnce
      assert.deepStrictEqual(yield* newestHeader, ["id", "cpf", "cidade", "rg"])
    }).pipe(Effect.provide(world({ COLUMNS_EXCLUDE: "db_loja.outra.cpf", ON_NEW_COLUMN: "exclude" }))),
  )

  it.effect("is warned of once by a writer, and by full", () =>
    Effect.gen(function* () {
      const { server, table } = yield* grown("changes")
      const ofWriter = yield* warningsOf(cdcOnce)
      yield* server.transact((tx) => tx.insert(table, { ...row("3"), rg: "segredo-rg" }))
      const warnings = [...ofWriter, ...(yield* warningsOf(full))]
      const notice =
        'Table "db_loja"."cliente": ON_NEW_COLUMN=exclude leaves out "rg", because the lake does not have it yet.'
      assert.deepStrictEqual(
        warnings.map((one) => one.startsWith(notice)),
        [true, true],
      )
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("is admitted by a full under include, and stays when the setting is exclude again", () =>
    Effect.gen(function* () {
      const { server, table } = yield* grown("changes")
      const include = Effect.provide(settings({ COLUMNS_EXCLUDE: "*.cpf" }))
      yield* include(cdcOnce)
      yield* include(full)
      yield* server.transact((tx) => tx.insert(table, { ...row("3"), rg: "9" }))
      yield* cdcOnce
      assert.deepStrictEqual(yield* newestHeader, ["id", "cidade", "rg"])
      yield* full
      assert.deepStrictEqual((yield* newestManifest).excluded, ["cpf"])
    }).pipe(Effect.provide(world(rules))),
  )

  it.effect("that belongs to the key ends cdc and full with 2, before a row without it is written", () =>
    Effect.gen(function* () {
      yield* grown("changes")
      const keyed = Effect.updateService(SourceTables, (real: SourceTables["Service"]) => {
        const describe: typeof real.describe = (name) =>
          Effect.map(real.describe(name), (found) => ({ ...found, primaryKey: ["id", "rg"] }))
        const describeAll: typeof real.describeAll = (names) =>
          Effect.forEach(names, (name) => Effect.result(describe(name)))
        return SourceTables.of({ ...real, describe, describeAll })
      })
      const before = yield* lakeKeys
      for (const command of [cdcOnce, full]) {
        const exit = yield* ended(Effect.asVoid(command).pipe(keyed))
        assert.strictEqual(exitCode(exit), 2)
        assert.match(String(exit), /leaves out "rg", which belongs to its key.*ON_NEW_COLUMN=include/)
      }
      assert.deepStrictEqual(yield* lakeKeys, before)
    }).pipe(Effect.provide(world(rules))),
  )
})
