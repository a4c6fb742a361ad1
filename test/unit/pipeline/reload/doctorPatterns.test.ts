/** What `doctor` says of patterns in SOURCE_TABLES. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { layer as memoryInspection } from "../../../../layers/memory/source/MemorySourceInspection.ts"
import { examine } from "../../../../src/doctor/Doctor.ts"
import { cliente, ended, shop, slotName, world } from "../../../support/memory/memoryWorld.ts"

const inMemory = (tables: string) =>
  Layer.provideMerge(memoryInspection([slotName]), world({ SOURCE_TABLES: tables }))

const found = Effect.gen(function* () {
  const { server } = yield* shop
  server.createTable({ ...cliente, table: { schema: "db_loja", name: "Ação" } })
  const sections = yield* Effect.flatten(ended(examine))
  return sections
    .flatMap(({ findings }) => findings)
    .filter(({ check }) => /^"|^pattern/.test(check))
    .map(({ mark, check, finding, advice }) => `${mark} ${check}: ${finding}. ${advice}`)
})

describe("doctor", () => {
  it.effect(
    "lists what each pattern matches, how new tables will be called, and fails for unusable ones",
    () =>
      Effect.gen(function* () {
        const lines = (yield* found).join("\n")
        assert.match(
          lines,
          /^ok pattern db_loja\.\*: 2 tables: cliente, pedido; a new table gets the dataset \{table\}/m,
        )
        assert.match(lines, /^warning pattern vazio\.\*: it matches no table/m)
        assert.match(
          lines,
          /^failed "db_loja"\."Ação": a pattern matches it.*no name of a dataset.*=…, or leave it out/m,
        )
        assert.match(lines, /^ok "db_loja"\."pedido": 2 columns/m)
      }).pipe(Effect.provide(inMemory("db_loja.*,vazio.*"))),
  )
})
