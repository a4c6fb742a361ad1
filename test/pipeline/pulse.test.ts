/** A batch or copy in hand is known to move by each piece that comes or goes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Pipeline from "../../src/Pipeline.ts"
import { VitalSigns, Vitals } from "../../src/services/Vitals.ts"
import { beginning, cdcOnce, ended, shop, world } from "../support/memoryWorld.ts"

class CountedVitals extends VitalSigns {
  pieces = 0
  override moves(now: number): void {
    this.pieces++
    super.moves(now)
  }
}

const piecesOf = Effect.fnUntraced(function* <A, E, R>(program: Effect.Effect<A, E, R>) {
  const vitals = new CountedVitals(beginning)
  const exit = yield* ended(Effect.provideService(program, Vitals, vitals))
  assert.strictEqual(exit._tag, "Success")
  return vitals.pieces
})

const filled = Effect.gen(function* () {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => tx.insert(clientes, { id: "1", nome: "Ana", ativo: "true" }))
})

describe("the vitals are told", () => {
  it.effect("of what cdc receives and of what it sends", () =>
    Effect.gen(function* () {
      yield* filled
      assert.isAtLeast(yield* piecesOf(cdcOnce), 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("of nothing where there is nothing to carry", () =>
    Effect.gen(function* () {
      yield* shop
      assert.strictEqual(yield* piecesOf(cdcOnce), 0)
    }).pipe(Effect.provide(world())),
  )

  it.effect("of what full sends", () =>
    Effect.gen(function* () {
      yield* filled
      assert.isAtLeast(yield* piecesOf(Pipeline.full), 1)
    }).pipe(Effect.provide(world())),
  )
})
