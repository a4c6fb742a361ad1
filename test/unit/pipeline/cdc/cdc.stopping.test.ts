/** What `cdc` says of the batch in hand that fails while it is asked to stop. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError, type StoreReason } from "../../../../src/services/lake/StoreError.ts"
import { StopSignal } from "../../../../src/services/StopSignal.ts"
import {
  ana,
  cdcForEver,
  exitCode,
  gated,
  shop,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** Runs `cdc` until an object is to become visible, wishes it to stop, and lets that fail. */
const stoppedWhileFailing = Effect.fnUntraced(function* (reason: StoreReason) {
  const { server, clientes } = yield* shop
  const [wish, inHand, gate] = yield* Effect.all([
    Deferred.make<void>(),
    Deferred.make<void>(),
    Deferred.make<void>(),
  ])
  yield* server.transact((tx) => tx.insert(clientes, ana))
  const failing = Effect.gen(function* () {
    yield* Deferred.succeed(inHand, undefined)
    yield* Deferred.await(gate)
    return yield* new StoreError({ reason, subject: "an object", detail: "as the test asked" })
  })
  const fiber = yield* started(
    cdcForEver.pipe(
      Effect.provideServiceEffect(ObjectStore, gated(failing)),
      Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
    ),
  )
  yield* Deferred.await(inHand)
  yield* Deferred.succeed(wish, undefined)
  yield* TestClock.adjust("1 second")
  yield* Deferred.succeed(gate, undefined)
  yield* TestClock.adjust("1 second")
  return exitCode(yield* Fiber.await(fiber))
})

describe("cdc that is asked to stop", () => {
  it.effect("ends with the code of the failure where the batch in hand needs somebody's help", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stoppedWhileFailing("Denied"), 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("ends with the code of the failure where waiting does not heal it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stoppedWhileFailing("Denied"), 2)
    }).pipe(Effect.provide(world())),
  )

  it.effect("ends well where the batch in hand met what waiting heals: the next process writes it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stoppedWhileFailing("Unreachable"), 0)
    }).pipe(Effect.provide(world())),
  )
})
