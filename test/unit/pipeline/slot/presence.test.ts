/** A `cdc` that lives keeps its slot, whatever it is doing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { dropSlot } from "../../../../src/cli/commands/DropSlot.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../../src/services/lake/StoreError.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import {
  ana,
  cdcForEver,
  ended,
  failureOf,
  gated,
  lakeKeys,
  shop,
  slotName,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

const full = new StoreError({ reason: "Full", subject: "lake", detail: "no space left" })

/** A `cdc` whose lake takes nothing, between two of its tries. */
const backingOff = Effect.gen(function* () {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => tx.insert(clientes, ana))
  const writer = yield* started(
    Effect.provideServiceEffect(cdcForEver, ObjectStore, gated(Effect.fail(full))),
  )
  yield* TestClock.adjust("30 seconds")
  return { server, writer }
})

const drop = Effect.flatMap(ReplicationSlot, (slot) => slot.drop)
const inUse = { by: Option.none() }

describe("the slot of a cdc that waits for its lake", () => {
  it.effect("is not dropped", () =>
    Effect.gen(function* () {
      const { server } = yield* backingOff
      const error = yield* failureOf(dropSlot<never, never>("given"))
      assert.strictEqual("reason" in error && error.reason, "AnotherWriter")
      assert.isDefined(server.slots.find(slotName))
    }).pipe(Effect.provide(world())),
  )

  it.effect("is free for a standby to write from", () =>
    Effect.gen(function* () {
      yield* backingOff
      yield* started(cdcForEver)
      yield* TestClock.adjust("30 seconds")
      assert.isTrue((yield* lakeKeys).some((key) => key.endsWith(".csv")))
    }).pipe(Effect.provide(world())),
  )

  it.effect("can be dropped once it has ended", () =>
    Effect.gen(function* () {
      const { writer } = yield* backingOff
      yield* Fiber.interrupt(writer)
      assert.strictEqual(yield* drop, "dropped")
    }).pipe(Effect.provide(world())),
  )
})

describe("the liveness lock of a cdc", () => {
  it.effect("is that of a standby too, and comes back where its session was ended", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      // The writer is none of ours: it holds its own lock, and is not seen.
      yield* Effect.flatMap(ChangeSource, ({ attach }) => attach)
      yield* started(cdcForEver)
      server.sessions.killAll()
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* drop, inUse)
    }).pipe(Effect.provide(world())),
  )

  it.effect("is given up where the source is away, and does not end it", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      const writer = yield* started(cdcForEver)
      server.stop()
      yield* TestClock.adjust("10 minutes")
      server.start()
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual([yield* drop, writer.pollUnsafe()], [inUse, undefined])
    }).pipe(Effect.provide(world())),
  )

  it.effect("is waited for by nobody: a cdc starts while somebody is about to drop the slot", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const { takeLivenessLock } = yield* ReplicationSlot
      const program = Pipeline.cdc({ once: true, noWait: true }).pipe(
        Effect.provideService(ReplicationSlot, {
          ...(yield* ReplicationSlot),
          takeLivenessLock: Effect.as(takeLivenessLock, Option.none()),
        }),
      )
      assert.strictEqual((yield* ended(program))._tag, "Success")
    }).pipe(Effect.provide(world())),
  )
})
