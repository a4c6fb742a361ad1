/** How a history ends: all trouble is over, what is under way arrives, and the lake is compared with the server. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryServer } from "../../../../../layers/memory/postgres/MemoryPostgres.ts"
import { checkLake } from "../../../../support/lake/lakeOracle.ts"
import type { Work } from "../../../../support/memory/faultScripts.ts"
import { slotName } from "../../../../support/memory/memoryWorld.ts"
import type { openShop } from "../../../../support/memory/scriptedShop.ts"
import type { Running } from "./Process.ts"

type Shop = ReturnType<typeof openShop>

/** Seconds in which every request that is under way arrives, and in which the last change must be confirmed. */
const [arrival, confirmation] = [100, 900]

const lastChange: Work = {
  kind: "plain",
  operations: [{ table: "clientes", kind: "put", key: 4, value: "a" }],
}

/** Lets time pass until a last change is confirmed. `beside` runs meanwhile, time and again. */
export const settle = Effect.fnUntraced(function* <E, R>(
  server: MemoryServer,
  shop: Shop,
  beside: Effect.Effect<void, E, R>,
) {
  yield* shop.run(lastChange)
  server.wal.flush()
  const isConfirmed = () => (server.slots.find(slotName)?.confirmed ?? 0n) >= server.wal.flushed
  for (let second = 0; second < arrival || (second < confirmation && !isConfirmed()); second += 5) {
    yield* TestClock.adjust("5 seconds")
    yield* beside
  }
})

/** Stops all processes. Fails where a change is lost, doubled or out of order. */
export const checkAtEnd = Effect.fnUntraced(function* (
  server: MemoryServer,
  { tables }: Shop,
  running: ReadonlyArray<Running>,
) {
  const scope = yield* Effect.scope
  for (const fiber of running) yield* Effect.forkIn(Fiber.interrupt(fiber), scope)
  yield* TestClock.adjust("1 minute")
  yield* checkLake(server, [
    { dataset: "clientes", table: tables.clientes },
    { dataset: "pedidos", table: tables.pedidos },
  ])
})
