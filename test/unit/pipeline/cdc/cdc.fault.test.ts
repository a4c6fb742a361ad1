/**
 * Whatever fails, however often: the lake holds each change exactly once, in order. Scripts of transactions and faults
 * are drawn at random; a failure shows the smallest one and a text with which `FAULT_REPLAY` runs it again.
 */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Cause, Clock, Config, Deferred, Effect, Exit, Fiber, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import { StopSignal } from "../../../../src/services/StopSignal.ts"
import { checkLake } from "../../../support/lake/lakeOracle.ts"
import { type Round, rounds } from "../../../support/memory/faultScripts.ts"
import { durableSteps, FaultScript, faults, withFaults } from "../../../support/memory/faults.ts"
import {
  beginning,
  cdcOnce,
  ended,
  settings,
  started,
  twoTables,
  world,
} from "../../../support/memory/memoryWorld.ts"
import { openShop } from "../../../support/memory/scriptedShop.ts"

const datasets = ["clientes", "pedidos"] as const

/** Runs until it ends by itself; is asked to stop when it hangs or, where it would go on for ever, after a while. */
const runProcess = Effect.fnUntraced(function* <E, R>(
  { once, maxChanges }: Round,
  script: FaultScript,
  program: Effect.Effect<void, E, R>,
) {
  const wish = yield* Deferred.make<void>()
  const fiber = yield* started(
    program.pipe(
      Effect.provideService(StopSignal, { requested: Deferred.await(wish) }),
      Effect.provide(settings({ ...twoTables, BATCH_MAX_CHANGES: `${maxChanges}` })),
    ),
  )
  for (let seconds = 0; fiber.pollUnsafe() === undefined; seconds++) {
    assert.isBelow(seconds, 300, "the program neither ends nor stops")
    if (script.hanging || (!once && seconds === 40)) yield* Deferred.succeed(wish, undefined)
    yield* TestClock.adjust("1 second")
  }
  const exit = yield* Fiber.await(fiber)
  const refused = Exit.isFailure(exit) && Cause.hasFails(exit.cause) && !isRetryable(Cause.squash(exit.cause))
  if (refused || (Exit.isFailure(exit) && Cause.hasDies(exit.cause))) return yield* Effect.fail(exit.cause)
})

const isRetryable = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "isRetryable" in error && error.isRetryable === true

const play = Effect.fnUntraced(function* (script: ReadonlyArray<Round>) {
  const server = yield* MemoryPostgres
  const shop = openShop(server)
  const hits = new Set<string>()
  for (const round of script) {
    const faultScript = new FaultScript()
    for (const { step, after, what } of round.troubles) {
      faultScript.add(step, ...Array.from({ length: after }, () => "pass" as const), what)
    }
    const waiting = [...round.meanwhile]
    const meanwhile = Effect.suspend(() => {
      const next = waiting.shift()
      return next === undefined ? Effect.void : Effect.asVoid(shop.run(next))
    })
    yield* Effect.forEach(round.works, shop.run)
    const mode = { once: round.once, noWait: false }
    yield* runProcess(round, faultScript, withFaults(faultScript, { server, meanwhile })(Pipeline.cdc(mode)))
    for (const hit of faultScript.hits) hits.add(hit)
    yield* TestClock.setTime((yield* Clock.currentTimeMillis) + round.clockSeconds * 1000)
  }
  server.wal.flush()
  const last = yield* ended(cdcOnce)
  if (Exit.isFailure(last)) return yield* Effect.fail(last.cause)
  yield* checkLake(
    server,
    datasets.map((dataset) => ({ dataset, table: shop.tables[dataset] })),
  )
  return hits
})

/** Some five seconds where nothing else runs. More, by `FAULT_RUNS`, find rarer meetings of faults. */
const usualRuns = 120

/** `FAULT_RUNS` scripts, or the one that `FAULT_REPLAY` tells. */
const options = Effect.gen(function* () {
  const runs = yield* Config.schema(
    Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThan(0)),
    "FAULT_RUNS",
  ).pipe(Config.withDefault(usualRuns))
  const replay = yield* Config.option(Config.String("FAULT_REPLAY"))
  return { runs, ...Option.match(replay, { onNone: () => ({}), onSome: (text) => ({ replay: text }) }) }
})

it.effect("the lake holds each change exactly once and in order, whatever fails at whichever step", () =>
  Effect.gen(function* () {
    const chosen = yield* options
    const result = yield* Arbitrary.checkEffect(
      rounds,
      (script) =>
        play(script).pipe(
          Effect.as(true),
          Effect.provide(world(twoTables)),
          // What an assertion throws shall be made smaller too.
          Effect.catchCause((cause) => Effect.fail(cause)),
          Effect.ensuring(TestClock.setTime(beginning)),
        ),
      chosen,
    )
    if (result._tag !== "Passed") return assert.fail(Arbitrary.formatCheckFailure(result))
  }),
)

/** Several batches, each with rows of both datasets. */
const busy = (troubles: Round["troubles"]): Round => ({
  works: [0, 1, 2].map((i) => ({
    kind: "plain",
    operations: [
      { table: "clientes", kind: "put", key: 1, value: "a" },
      { table: "pedidos", kind: i === 2 ? "delete" : "put", key: 1, value: "a" },
    ],
  })),
  meanwhile: [],
  troubles,
  once: true,
  maxChanges: 1,
  clockSeconds: 1,
})

// Chance would miss one now and then.
for (const step of durableSteps) {
  for (const what of faults) {
    for (const after of [0, 1] as const) {
      it.effect(`and so when call ${after + 1} of the step "${step}" is: ${what}`, () =>
        Effect.gen(function* () {
          const hits = yield* play([busy([{ step, after, what }]), busy([])])
          assert.deepStrictEqual([...hits], [`${step}: ${what}`])
        }).pipe(Effect.provide(world(twoTables))),
      )
    }
  }
}
