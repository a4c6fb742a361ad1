/** `status` of a writer whose process is stopped or frozen: it holds the lock and sends nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Lsn } from "../../../../src/core/Lsn.ts"
import { SlotInspection } from "../../../../src/services/source/SlotInspection.ts"
import { readStatus } from "../../../../src/status/Facts.ts"
import { jsonReport, textReport } from "../../../../src/status/StatusReport.ts"
import { shop, slotName, world } from "../../../support/memory/memoryWorld.ts"

/** The slot has a writer that has sent nothing for so many seconds. */
const writerIdleFor = (seconds: number) =>
  Effect.gen(function* () {
    const { server } = yield* shop
    return Layer.succeed(
      SlotInspection,
      SlotInspection.of({
        location: "memory",
        slot: slotName,
        relations: (asked) => Effect.sync(() => server.relations(asked)),
        readState: Effect.sync(() => ({
          slot: Option.none(),
          writer: Option.some({ pid: 4711, application: "afluente cdc" }),
          processes: [{ pid: 4711, application: "afluente cdc" }],
          flushed: Lsn.make(0x1000n),
          source: server.identity,
          activity: Option.some({ isIdle: true, seconds }),
        })),
      }),
    )
  })

const reports = (idleSeconds: number) =>
  Effect.gen(function* () {
    const inspection = yield* writerIdleFor(idleSeconds)
    yield* TestClock.adjust("1 hour")
    const report = yield* Effect.provide(readStatus, inspection)
    return { text: textReport(report), json: JSON.parse(jsonReport(report)) }
  }).pipe(Effect.provide(world()))

describe("status", () => {
  it.effect(
    "says of a writer that has sent nothing for minutes that it may be frozen, and what ends its session",
    () =>
      Effect.gen(function* () {
        const { text, json } = yield* reports(303)
        assert.match(
          text,
          /writer +no statement for 5 min 3 s, process 4711 of the server \(afluente cdc\)\. .*stopped or frozen.*SELECT pg_terminate_backend\(4711\);/,
        )
        assert.deepStrictEqual([json.writer, json.writer_stalled], ["active", true])
      }),
  )

  it.effect("says nothing of the kind of one that polls", () =>
    Effect.gen(function* () {
      const { text, json } = yield* reports(2)
      assert.match(text, /writer +active, process 4711/)
      assert.strictEqual(json.writer_stalled, false)
    }),
  )
})
