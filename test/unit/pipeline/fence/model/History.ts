/**
 * One random history of a lake: processes that write it are killed, lose their sessions and come back with other settings,
 * while requests are carried out at any later time. The program's own code decides; only the store and the server are in
 * memory. At its end the lake holds each change once, in order, or the history fails.
 */
import { Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Memory from "../../../../../layers/memory/Memory.ts"
import { MemoryPostgres } from "../../../../../layers/memory/postgres/MemoryPostgres.ts"
import { settings, slotName, twoTables } from "../../../../support/memory/memoryWorld.ts"
import { openShop } from "../../../../support/memory/scriptedShop.ts"
import { Random } from "../../../../support/Random.ts"
import { checkAtEnd, settle } from "./Ending.ts"
import type { Body, Conditions, LateLake } from "./LateLake.ts"
import { anyBatchMaxChanges, failureOf, isRetryable, type Running, startProcess } from "./Process.ts"
import { isPositionPutBack, putPositionRight } from "./Recovery.ts"
import { type Rule, takeDecisionOut } from "./Rules.ts"
import { pausing } from "./SlowSource.ts"
import { type Trouble, workOf } from "./Trouble.ts"

/** More than one writes at a time where a lock is lost. */
const processes = 2

/** What histories are made of. */
export interface Kind {
  readonly conditions: (random: Random) => Conditions
  /** How long the store takes to carry a request out, in seconds. */
  readonly delay: (random: Random, body: Body) => number
  /** How long the trouble lasts, in seconds. */
  readonly troubledSeconds: number
  readonly trouble: (random: Random) => Trouble
  /** Whether reading a batch now and then takes longer than an announced name is used for new batches. */
  readonly isReadSlowly: boolean
}

/** What happened in a history. */
export interface Course {
  /** Requests that were carried out when their sender was gone. */
  readonly late: number
  /** Starts that were refused because a late watermark had put the position back. */
  readonly refused: number
}

/** Fails where a change is lost, doubled or out of order. */
export const history = (kind: Kind, seed: number, without?: Rule) =>
  Effect.gen(function* () {
    const random = new Random(seed)
    const server = yield* MemoryPostgres
    const shop = openShop(server)
    const world = yield* Effect.scope
    let isTroubled = true
    yield* takeDecisionOut(without)
    if (kind.isReadSlowly) server.sessions.network = pausing(random.fork("reading"), () => isTroubled)
    let refused = 0
    const lake: LateLake = {
      conditions: kind.conditions(random),
      isInParts: () => random.is(0.4),
      delay: (body) => (isTroubled ? kind.delay(random, body) : 0),
      underWay: 0,
      late: 0,
    }
    const batchMaxChanges = kind.isReadSlowly ? ["1000000"] : anyBatchMaxChanges
    const start = Effect.suspend(() => startProcess({ random, lake, without, batchMaxChanges, world }))
    const running: Array<Running> = []
    for (let i = 0; i < processes; i++) running.push(yield* start)
    /** A process that gives up at its start is started again, as a supervisor does; a refusal is for a person. */
    const restartEnded = Effect.gen(function* () {
      for (const [i, fiber] of running.entries()) {
        const error = failureOf(fiber)
        if (Option.isNone(error)) continue
        if (isPositionPutBack(error.value, lake.conditions)) {
          refused++
          yield* putPositionRight(server)
        } else if (!isRetryable(error.value)) return yield* error.value
        running[i] = yield* start
      }
    })
    const trouble = kind.trouble(random)
    const isQuiet = random.is(0.2)

    for (let second = 0; second < kind.troubledSeconds; second++) {
      if (random.is(isQuiet ? 0.03 : 0.4)) yield* shop.run(workOf(random))
      const { killed, sessionsEnd, serverCrashes } = trouble(second)
      if (sessionsEnd) server.sessions.killAll()
      if (serverCrashes) server.crash()
      const victim = random.below(processes)
      if (killed) {
        const one = running[victim] as Running // there are as many as `victim` is below
        yield* Effect.forkIn(Fiber.interrupt(one), world)
        running[victim] = yield* start
      }
      yield* TestClock.adjust("1 second")
      yield* restartEnded
    }
    isTroubled = false
    yield* settle(server, shop, restartEnded)
    yield* checkAtEnd(server, shop, running)
    return { late: lake.late, refused } satisfies Course
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(Layer.merge(Memory.layer(slotName), settings(twoTables)))),
  )
