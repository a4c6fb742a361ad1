/** What `full` says where the slot is missing: the advice is one that `init` accepts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { cdcOnce, cliente, shop, slotName, world } from "../../../support/memory/memoryWorld.ts"
import { warningsOf } from "../../../support/memory/warnings.ts"

const warnings = Effect.map(warningsOf(Pipeline.full), (lines) => lines.join("\n"))

describe("full without a slot", () => {
  it.effect("asks for init where no cdc has written to the lake", () =>
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      server.createTable(cliente)
      assert.include(yield* warnings, "Run `node dist/main.js init` first, then `full`.")
    }).pipe(Effect.provide(world())),
  )

  it.effect("asks for another lake where this one was written from the slot that is gone", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      yield* cdcOnce
      server.slots.drop(slotName)
      const said = yield* warnings
      assert.include(said, "the lake was written from it")
      assert.include(said, "choose an empty LAKE_URL, then run `init`, `full` and `cdc`.")
      assert.notInclude(said, "init` first")
    }).pipe(Effect.provide(world())),
  )
})
