/**
 * One random history of a lake: processes that write it are killed, lose their sessions and come back with other settings,
 * while requests are carried out at any later time. The program's own code decides; only the store and the server are in
 * memory. At its end the lake holds each change once, in order, or the history fails.
 */
import { Cause, Effect, Exit, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Memory from "../../../layers/memory/Memory.ts"
import { MemoryPostgres } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import * as LakeWatermarkStore from "../../../layers/store/LakeWatermarkStore.ts"
import type { PipelineError } from "../../../src/cdc/Batch.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { Compression } from "../../../src/services/lake/Compression.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import { WatermarkStore } from "../../../src/services/lake/WatermarkStore.ts"
import type { TablesRefused } from "../../../src/services/source/TablesRefused.ts"
import type { Operation, Work } from "../../support/faultScripts.ts"
import { checkLake } from "../../support/lakeOracle.ts"
import { settings, slotName, twoTables } from "../../support/memoryWorld.ts"
import { Random } from "../../support/Random.ts"
import { openShop } from "../../support/scriptedShop.ts"
import { delays, type LateLake, lateLake, type Rule } from "./LateLake.ts"

/** How long the trouble lasts, and the longest that a request may still be under way after it. */
const troubledSeconds = 120
const settlingSeconds = 400

/** More than one writes at a time where a lock is lost. */
const processes = 2

const datasets = ["clientes", "pedidos"] as const

const workOf = (random: Random): Work => {
  const operation = (): Operation => ({
    table: random.pick(["clientes", "pedidos"]),
    kind: random.pick(["put", "put", "update", "delete", "truncate"]),
    key: random.pick([1, 2, 3, 4]),
    value: random.pick(["a", "NULL", "long"]),
  })
  return {
    kind: random.pick(["plain", "plain", "crossed", "new column"]),
    operations: Array.from({ length: 1 + random.below(4) }, operation),
  }
}

/** Names end as a setting says, and that may change from one process to the next. The bytes are the same here. */
const compressionOf = (ending: ".csv" | ".csv.gz") =>
  Compression.of({ ending, around: (_, stored) => Effect.succeed(stored), plain: (_, stored) => stored })

/** Takes rules of the watermark out. */
const watermarkWithout = (without: Rule | undefined) =>
  Effect.map(WatermarkStore, (store) => {
    const forgetsNext = without === "an announced name outlives its writer"
    const skipsTakeOver = without === "a take-over replaces the watermark before anything else"
    let read = 0
    return WatermarkStore.of({
      ...store,
      readVersion: Effect.map(store.readVersion, (found) => {
        const epoch = Option.flatMap(found, ({ watermark }) => watermark.epoch)
        read = Option.getOrElse(epoch, () => 0)
        return forgetsNext
          ? Option.map(found, (stored) => ({
              ...stored,
              watermark: { ...stored.watermark, next: Option.none() },
            }))
          : found
      }),
      replace: (watermark, version) => {
        const isTakeOver = Option.isSome(version) && Option.exists(watermark.epoch, (epoch) => epoch > read)
        if (isTakeOver) read++
        return skipsTakeOver && isTakeOver ? Effect.succeed(version.value) : store.replace(watermark, version)
      },
    })
  })

interface Setting {
  readonly random: Random
  readonly lake: LateLake
  readonly without: Rule | undefined
}

/** One process, from its start to its end. */
const process = ({ random, lake, without }: Setting) =>
  Effect.gen(function* () {
    const shared = yield* ObjectStore
    const world = yield* Effect.scope
    const own = lateLake(shared, lake, world, without)
    const watermark = yield* Effect.provide(
      watermarkWithout(without),
      Layer.fresh(LakeWatermarkStore.layer).pipe(Layer.provide(Layer.succeed(ObjectStore, own))),
    )
    const program = Pipeline.cdc({ once: false, noWait: false }).pipe(
      Effect.provideService(ObjectStore, own),
      Effect.provideService(WatermarkStore, watermark),
      Effect.provideService(Compression, compressionOf(random.pick([".csv", ".csv.gz"]))),
      Effect.provide(settings({ ...twoTables, BATCH_MAX_CHANGES: random.pick(["1", "4", "1000000"]) })),
    )
    return yield* Effect.forkIn(program, world)
  })

type Running = Effect.Success<ReturnType<typeof process>>

/** What a process ended with that has not been killed; none while it runs. Only what heals by waiting may end one. */
const endOf = (fiber: Running): Effect.Effect<boolean, PipelineError | TablesRefused> => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return Effect.succeed(false)
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  return Option.isSome(error) && isRetryable(error.value) ? Effect.succeed(true) : Effect.as(exit, true)
}

const isRetryable = (error: PipelineError | TablesRefused): boolean =>
  error._tag !== "Refusal" && error.isRetryable

/** Fails where a change is lost, doubled or out of order. Returns how many requests came late. */
export const history = (seed: number, without?: Rule) =>
  Effect.gen(function* () {
    const random = new Random(seed)
    const server = yield* MemoryPostgres
    const shop = openShop(server)
    const scope = yield* Effect.scope
    let isTroubled = true
    const lake: LateLake = { late: 0, delay: () => (isTroubled ? delays(random) : 0) }
    const start = Effect.suspend(() => process({ random, lake, without }))
    const running = yield* Effect.forEach(Array.from({ length: processes }), () => start)
    /** A process that gives up at its start is started again, as a supervisor does. */
    const restartEnded = Effect.gen(function* () {
      for (const [i, fiber] of running.entries()) if (yield* endOf(fiber)) running[i] = yield* start
    })
    const isQuiet = random.is(0.2)

    for (let second = 0; second < troubledSeconds; second++) {
      if (random.is(isQuiet ? 0.03 : 0.5)) yield* shop.run(workOf(random))
      if (random.is(0.08)) server.sessions.killAll()
      if (random.is(0.02)) server.crash()
      const victim = random.below(processes)
      if (random.is(0.08)) {
        const killed = running[victim] as Running // there are as many as `victim` is below
        yield* Effect.forkIn(Fiber.interrupt(killed), scope)
        running[victim] = yield* start
      }
      yield* TestClock.adjust("1 second")
      yield* restartEnded
    }
    isTroubled = false
    server.log.flush()
    for (let second = 0; second < settlingSeconds; second += 5) yield* TestClock.adjust("5 seconds")
    yield* restartEnded
    for (const fiber of running) yield* Effect.forkIn(Fiber.interrupt(fiber), scope)
    yield* TestClock.adjust("1 minute")
    yield* checkLake(
      server,
      datasets.map((dataset) => ({ dataset, table: shop.tables[dataset] })),
    )
    return lake.late
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(Layer.merge(Memory.layer(slotName), settings(twoTables)))),
  )
