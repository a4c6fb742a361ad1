/** What is expected to end does end, also where the source never comes back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { PipelineError } from "../../../../src/cdc/CurrentBatch.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import type { TablesRefused } from "../../../../src/services/source/TablesRefused.ts"
import {
  ana,
  cdcForEver,
  cdcOnce,
  exitCode,
  incKeys,
  shop,
  started,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** The lake; but when the first object is begun, PostgreSQL stops. */
const stopsAtFirstObject = (server: MemoryServer) => {
  let stopped = false
  return Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      create: (key) =>
        Effect.tap(store.create(key), () =>
          Effect.sync(() => {
            if (!stopped) server.stop()
            stopped = true
          }),
        ),
    }),
  )
}

/** With the progress bar that only `full` needs. */
type Command = Effect.Effect<
  void,
  PipelineError | TablesRefused,
  Effect.Services<typeof Pipeline.full | typeof cdcOnce>
>
const commands: Readonly<Record<string, Command>> = {
  full: Effect.asVoid(Pipeline.full),
  "cdc --once": cdcOnce,
}

/** Runs while time passes; asserts that it is still there just before the time, and has ended with 1 just after it. */
const givesUpAfter = <A, E, R>(seconds: number, program: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* started(program)
    yield* TestClock.adjust(`${seconds - 1} seconds`)
    assert.strictEqual(fiber.pollUnsafe(), undefined)
    yield* TestClock.adjust("2 seconds")
    assert.strictEqual(exitCode(yield* Fiber.await(fiber)), 1)
  })

for (const [name, command] of Object.entries(commands)) {
  describe(name, () => {
    it.effect("gives up after 30 seconds where the source never answered", () =>
      Effect.gen(function* () {
        const { server } = yield* shop
        server.stop()
        yield* givesUpAfter(30, command)
      }).pipe(Effect.provide(world())),
    )

    it.effect("gives up after a minute where the source went away in the middle of its work", () =>
      Effect.gen(function* () {
        const { server, clientes } = yield* shop
        // More rows than one read gives.
        yield* server.transact((tx) => {
          for (let id = 1; id <= 100; id++) tx.insert(clientes, { ...ana, id: `${id}` })
        })
        yield* givesUpAfter(60, Effect.provideServiceEffect(command, ObjectStore, stopsAtFirstObject(server)))
      }).pipe(Effect.provide(world())),
    )
  })
}

describe("cdc", () => {
  it.effect("speaks once of an outage of hours, and once of its end", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* Pipeline.full
      const told: Array<string> = []
      const listening = Logger.make<unknown, void>(({ logLevel, message }) => {
        told.push(`${logLevel} ${message}`)
      })
      yield* started(
        cdcForEver.pipe(
          Effect.provide(Logger.layer([listening])),
          Effect.provideService(References.MinimumLogLevel, "Info"),
        ),
      )
      server.stop()
      yield* TestClock.adjust("3 hours")
      server.start()
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* incKeys).length, 1)
      assert.deepStrictEqual(
        told.map((line) => line.replace(/:.*/, "")),
        ["Warn Source, server", "Info cdc", "Info Working again"],
      )
    }).pipe(Effect.provide(world())),
  )
})
