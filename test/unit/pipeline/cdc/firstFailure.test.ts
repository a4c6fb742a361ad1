/** What failed first is what is reported, counted and waited for, whatever else ends because of it or beside it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import type { MemoryTable } from "../../../../layers/memory/postgres/MemoryTable.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { ObjectStore, type ObjectWriter } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreError, type StoreReason } from "../../../../src/services/lake/StoreError.ts"
import { cdcForEver, failureOf, shop, started, world } from "../../../support/memory/memoryWorld.ts"

const failing = (reason: StoreReason) => new StoreError({ reason, subject: "lake", detail: "refused" })

/** The lake, whose objects are made otherwise. */
const writing = (
  otherwise: (writer: ObjectWriter) => ObjectWriter,
  removed: Effect.Effect<void> = Effect.void,
) =>
  Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      create: (key) =>
        Effect.andThen(
          Effect.addFinalizer(() => removed),
          Effect.map(store.create(key), otherwise),
        ),
    }),
  )

/** More than one piece of a peek. */
const manyRows = (server: MemoryServer, clientes: MemoryTable) =>
  Effect.forEach(
    Array.from({ length: 40 }, (_, i) => String(i)),
    (id) => server.transact((tx) => tx.insert(clientes, { id, nome: "Ana", ativo: "true" })),
  )

const refusesWrites = (reason: StoreReason) =>
  writing((writer) => ({ ...writer, write: () => Effect.fail(failing(reason)) }))

/** Makes nothing visible; before the upload is taken back, the server ends every session. */
const failsBeforeTheSession = (server: MemoryServer) =>
  writing(
    (writer) => ({ ...writer, commit: Effect.fail(failing("Denied")) }),
    Effect.andThen(
      Effect.sync(() => server.sessions.killAll()),
      Effect.sleep("5 seconds"),
    ),
  )

describe("cdc", () => {
  it.effect("ends with the lake's failure when a write is refused while the slot is being read", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* manyRows(server, clientes)
      const lake = refusesWrites("Denied")
      const error = yield* failureOf(Effect.provideServiceEffect(cdcForEver, ObjectStore, lake))
      assert.strictEqual(error.message, failing("Denied").message)
    }).pipe(Effect.provide(world())),
  )

  it.effect("says that it waits for the lake when that is full while the slot is being read", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* Pipeline.full
      yield* manyRows(server, clientes)
      const warnings: Array<string> = []
      const listening = Logger.make<unknown, void>(({ message }) => {
        warnings.push(String(message))
      })
      yield* started(
        cdcForEver.pipe(
          Effect.provideServiceEffect(ObjectStore, refusesWrites("Full")),
          Effect.provide(Logger.layer([listening])),
          Effect.provideService(References.MinimumLogLevel, "Warn"),
        ),
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(warnings, [failing("Full").message])
    }).pipe(Effect.provide(world())),
  )

  it.effect("ends with the lake's failure when its session ends while the upload is taken back", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* manyRows(server, clientes)
      const lake = failsBeforeTheSession(server)
      const error = yield* failureOf(Effect.provideServiceEffect(cdcForEver, ObjectStore, lake))
      assert.strictEqual(error.message, failing("Denied").message)
    }).pipe(Effect.provide(world())),
  )
})
