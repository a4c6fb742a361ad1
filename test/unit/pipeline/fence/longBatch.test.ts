/** A batch that is read for longer than an announcement holds, and whose request for an object arrives late. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { SentLines } from "../../../../layers/memory/postgres/MemorySessions.ts"
import { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import {
  ana,
  cdcForEver,
  cdcOnce,
  ended,
  exitCode,
  incKeys,
  order,
  shop,
  started,
  tablesInDatasets,
  textsOf,
  world,
} from "../../../support/memory/memoryWorld.ts"

/** Each line comes more than a minute after the one before. */
const slowly = (sent: SentLines): SentLines =>
  sent.pipe(
    Stream.flatMap(Stream.fromIterable),
    Stream.mapEffect((line) => Effect.as(Effect.sleep("61 seconds"), [line])),
  )

/** The lake, but nothing becomes visible: what was asked for is kept in `asked`. */
const holdingBack = (asked: Map<string, Array<Uint8Array>>) =>
  Effect.map(ObjectStore, (store) =>
    ObjectStore.of({
      ...store,
      create: (key, how) =>
        Effect.map(store.create(key, how), (writer) => {
          const pieces: Array<Uint8Array> = []
          return {
            write: (piece) =>
              Effect.andThen(
                Effect.sync(() => pieces.push(piece.slice())),
                writer.write(piece),
              ),
            commit: Effect.andThen(
              Effect.sync(() => asked.set(key, pieces)),
              Effect.never,
            ),
          }
        }),
    }),
  )

describe("a request for an object whose writer has died", () => {
  it.effect("doubles no row where another object of its batch was begun a minute later", () =>
    Effect.gen(function* () {
      const { server, clientes, pedidos } = yield* shop
      server.sessions.network = slowly
      const asked = new Map<string, Array<Uint8Array>>()
      const writing = cdcForEver.pipe(Effect.provideServiceEffect(ObjectStore, holdingBack(asked)))
      const first = yield* started(writing)
      // Its own take-over holds a name for longer.
      yield* TestClock.adjust("1 minute")
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* server.transact((tx) => tx.insert(pedidos, order))
      while (asked.size < 2) yield* TestClock.adjust("10 seconds")
      server.sessions.killAll()
      yield* Fiber.interrupt(first)
      server.sessions.network = (sent) => sent
      assert.strictEqual(exitCode(yield* ended(cdcOnce)), 0)
      const store = yield* ObjectStore
      for (const [key, pieces] of asked) {
        const late = Effect.gen(function* () {
          const object = yield* store.create(key, "fenced")
          yield* Effect.forEach(pieces, object.write)
          yield* object.commit
        })
        yield* Effect.exit(Effect.scoped(late))
      }
      const texts = yield* textsOf((yield* incKeys).filter((key) => key.includes("clientes")))
      assert.strictEqual([...texts.matchAll(/^I,.*Ana/gm)].length, 1)
    }).pipe(Effect.provide(world(tablesInDatasets))),
  )
})
