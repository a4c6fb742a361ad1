/** A slot that is dropped or moved by somebody else while `cdc` is at it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Runtime } from "effect"
import type { MemoryServer } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import { init } from "../../../../src/cli/commands/Init.ts"
import { watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import { type ChangeSession, ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import {
  ana,
  bia,
  cdcOnce,
  failureOf,
  put,
  shop,
  slotName,
  textOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** The lake has been written to, and a change is waiting. */
const waiting = Effect.gen(function* () {
  const { server, clientes } = yield* shop
  yield* server.transact((tx) => tx.insert(clientes, ana))
  yield* cdcOnce
  yield* server.transact((tx) => tx.insert(clientes, bia))
  return server
})

/** `cdc` with a session of the slot to which something is done as soon as it is there. */
const cdcWith = (change: (session: ChangeSession) => ChangeSession) =>
  Effect.provideServiceEffect(
    cdcOnce,
    ChangeSource,
    Effect.map(ChangeSource, (source) =>
      ChangeSource.of({ ...source, attach: Effect.map(source.attach, Option.map(change)) }),
    ),
  )

const dropped = (server: MemoryServer) => (session: ChangeSession) => {
  server.slots.drop(slotName)
  return session
}
const moved =
  (server: MemoryServer) =>
  (session: ChangeSession): ChangeSession => ({
    ...session,
    readTransactions: (request, sink) =>
      Effect.andThen(server.slots.advance(slotName, request.upTo), session.readTransactions(request, sink)),
  })

describe("cdc refuses", () => {
  it.effect("a slot that goes missing while it runs", () =>
    Effect.gen(function* () {
      const error = yield* failureOf(cdcWith(dropped(yield* waiting)))
      assert.strictEqual(Runtime.getErrorExitCode(error), 3)
    }).pipe(Effect.provide(world())),
  )

  it.effect("a slot that another consumer moves just before it is read", () =>
    Effect.gen(function* () {
      const server = yield* waiting
      const [position] = yield* watermarkLines
      const error = yield* failureOf(cdcWith(moved(server)))
      assert.strictEqual(error.reason, "SlotAhead")
      assert.strictEqual((yield* watermarkLines)[0], position)
    }).pipe(Effect.provide(world())),
  )
})

describe("init refuses", () => {
  it.effect("to create a slot again from which the lake was written: it would begin with a gap", () =>
    Effect.gen(function* () {
      const server = yield* waiting
      server.slots.drop(slotName)
      const error = yield* failureOf(init)
      assert.strictEqual(error._tag === "Refusal" ? error.reason : error._tag, "SlotGone")
      assert.isUndefined(server.slots.find(slotName))
    }).pipe(Effect.provide(world())),
  )

  it.effect("to create a slot for the lake of another database, and says so", () =>
    Effect.gen(function* () {
      const server = yield* waiting
      server.slots.drop(slotName)
      const text = yield* textOf(watermarkKey)
      yield* put(watermarkKey, text.replace(/^database=.*$/m, "database=other"))
      const error = yield* failureOf(init)
      assert.strictEqual(error._tag === "Refusal" ? error.reason : error._tag, "ForeignWatermark")
      assert.include(error.message, 'belongs to database "other" instead of "loja"')
      assert.isUndefined(server.slots.find(slotName))
    }).pipe(Effect.provide(world())),
  )
})
