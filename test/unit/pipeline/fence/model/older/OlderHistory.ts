/**
 * One random history of a lake that a version before the fence began. Processes of it run before, beside and after those of
 * the program: as `docs/upgrade.md` describes the way there, and the way back.
 */
import { Effect, Exit, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Memory from "../../../../../../layers/memory/Memory.ts"
import { MemoryPostgres } from "../../../../../../layers/memory/postgres/MemoryPostgres.ts"
import { ObjectStore } from "../../../../../../src/services/lake/ObjectStore.ts"
import { RowFormat } from "../../../../../../src/services/lake/RowFormat.ts"
import { settings, slotName, twoTables } from "../../../../../support/memory/memoryWorld.ts"
import { openShop } from "../../../../../support/memory/scriptedShop.ts"
import { Random } from "../../../../../support/Random.ts"
import { checkAtEnd, settle } from "../Ending.ts"
import type { Course } from "../History.ts"
import { delays, type LateLake, lateLake } from "../LateLake.ts"
import {
  anyBatchMaxChanges,
  failureOf,
  formatOf,
  isRetryable,
  type Running,
  startProcess,
} from "../Process.ts"
import type { Rule } from "../Rules.ts"
import { spaced, workOf } from "../Trouble.ts"
import { olderVersion } from "./OlderVersion.ts"

/** Requests arrive within the minute that is waited for, in seconds. */
const longestDelay = 55

/** How long the older version may be away when it is started again, in seconds: shorter than the wait. */
const longestAbsence = 45

/** Fails where a change is lost, doubled or out of order. */
export const historyBesideOlder = (seed: number, without?: Rule) =>
  Effect.gen(function* () {
    const random = new Random(seed)
    const server = yield* MemoryPostgres
    const shop = openShop(server)
    const world = yield* Effect.scope
    const shared = yield* ObjectStore
    let isTroubled = false
    const lakeOf = (isInParts: () => boolean): LateLake => ({
      conditions: "all",
      isInParts,
      delay: () => (isTroubled ? delays(random, longestDelay) : 0),
      underWay: 0,
      late: 0,
    })
    const [lake, olderLake] = [lakeOf(() => false), lakeOf(() => false)]

    const arrived = Effect.gen(function* () {
      while (olderLake.underWay > 0) yield* Effect.sleep("1 second")
    })
    const startOlder = Effect.suspend(() =>
      olderVersion({
        tables: [
          { table: shop.tables.clientes.name, dataset: "clientes" },
          { table: shop.tables.pedidos.name, dataset: "pedidos" },
        ],
        maxLines: random.pick([1, 5, 1_000_000]),
        isBare: random.is(0.3),
        isSeen: without !== "an older version is seen by its lock",
        arrived,
      }).pipe(
        Effect.provideService(ObjectStore, lateLake(shared, olderLake, world, undefined)),
        Effect.provideService(RowFormat, formatOf(random.pick([".csv", ".csv.gz"]))),
        Effect.forkIn(world),
      ),
    )
    const start = Effect.suspend(() =>
      startProcess({ random, lake, without, batchMaxChanges: anyBatchMaxChanges, world }),
    )
    let running: Array<Running> = []
    let older = Option.none<Effect.Success<typeof startOlder>>()
    const kill = (fiber: Fiber.Fiber<unknown, unknown>) => Effect.forkIn(Fiber.interrupt(fiber), world)
    const stopOlder = Effect.gen(function* () {
      if (Option.isNone(older)) return
      const exit = older.value.pollUnsafe()
      // It runs until it is refused.
      if (exit !== undefined && Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
      yield* kill(older.value)
      older = Option.none()
    })
    const stopAll = Effect.gen(function* () {
      for (const fiber of running) yield* kill(fiber)
      running = []
    })
    const startBoth = Effect.gen(function* () {
      while (running.length < 2) running.push(yield* start)
    })
    const restartEnded = Effect.gen(function* () {
      for (const [i, fiber] of running.entries()) {
        const error = failureOf(fiber)
        if (Option.isNone(error)) continue
        if (!isRetryable(error.value)) return yield* error.value
        running[i] = yield* start
      }
    })
    const aSecond = Effect.gen(function* () {
      if (random.is(0.4)) yield* shop.run(workOf(random))
      yield* TestClock.adjust("1 second")
      yield* restartEnded
    })
    /** Sessions end and processes are killed, of both versions; the older one is soon started again. */
    const troubled = Effect.fnUntraced(function* (seconds: number) {
      const trouble = spaced(random)
      let comesBack = Option.isSome(older) ? 0 : Number.POSITIVE_INFINITY
      for (let second = 0; second < seconds; second++) {
        const blow = trouble(second)
        if (blow.sessionsEnd) server.sessions.killAll()
        if (blow.serverCrashes) server.crash()
        const victim = random.below(3)
        const one = running[victim]
        if (blow.killed && one !== undefined) {
          yield* kill(one)
          running[victim] = yield* start
        } else if (blow.killed && Option.isSome(older)) {
          yield* stopOlder
          comesBack = second + random.below(longestAbsence)
        }
        if (second >= comesBack && Option.isNone(older)) older = Option.some(yield* startOlder)
        yield* aSecond
      }
    })
    /** The older version writes, and the program waits beside it or comes when it has gone. */
    const underOlder = Effect.gen(function* () {
      older = Option.some(yield* startOlder)
      for (let second = 0; second < 5; second++) yield* aSecond
      isTroubled = true
      yield* troubled(10 + random.below(40))
      if (random.is(0.8)) {
        yield* startBoth
        yield* troubled(60 + random.below(140))
      }
      yield* stopOlder
      yield* startBoth
    })

    yield* underOlder
    yield* troubled(random.below(150))
    if (random.is(0.3)) {
      yield* stopAll
      for (let second = 0; second < 60; second++) yield* aSecond
      yield* underOlder
      yield* troubled(random.below(100))
    }
    isTroubled = false
    yield* settle(server, shop, restartEnded)
    // One that comes when nothing is amiss waits for a lock that it does not get.
    older = Option.some(yield* startOlder)
    for (let second = 0; second < 10; second++) yield* aSecond
    yield* stopOlder
    yield* settle(server, shop, restartEnded)
    yield* checkAtEnd(server, shop, running)
    return { late: lake.late + olderLake.late, refused: 0 } satisfies Course
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(Layer.merge(Memory.layer(slotName), settings(twoTables)))),
  )
