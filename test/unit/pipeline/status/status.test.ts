/** `status` of a source and a lake in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as MemorySlotInspection from "../../../../layers/memory/source/MemorySlotInspection.ts"
import { printBytes } from "../../../../src/core/text/ByteAmount.ts"
import { full } from "../../../../src/Pipeline.ts"
import { readStatus } from "../../../../src/status/Facts.ts"
import { jsonReport, textReport } from "../../../../src/status/StatusReport.ts"
import {
  ana,
  bia,
  cdcForEver,
  cdcOnce,
  ended,
  lakeKeys,
  put,
  shop,
  slotName,
  started,
  textsOf,
  watermarkLines,
  world,
} from "../../../support/memory/memoryWorld.ts"

const inWorld = (settings?: Parameters<typeof world>[0]) =>
  Layer.provideMerge(MemorySlotInspection.layer(slotName), world(settings))
const inMemory = inWorld()

const status = Effect.map(readStatus, (report) => ({
  text: textReport(report),
  problems: report.problems.map(({ reason }) => reason),
  ...JSON.parse(jsonReport(report)),
}))

describe("status", () => {
  it.effect("counts rows and bytes of a copy in all of its objects", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => {
        for (let id = 1; id <= 100; id++) tx.insert(clientes, { ...ana, id: `${id}` })
      })
      yield* full
      const copies = yield* Effect.map(lakeKeys, (keys) => keys.filter((key) => key.endsWith(".csv")))
      const bytes = printBytes((yield* textsOf(copies)).length)
      assert.include((yield* status).text, `the last of ${copies.length} objects, 100 rows, ${bytes}, `)
    }).pipe(Effect.provide(inWorld({ FULL_OBJECT_SIZE: "500" }))),
  )

  it.effect("tells of a writer that polls, and of none when it has gone", () =>
    Effect.gen(function* () {
      yield* shop
      const writer = yield* started(cdcForEver)
      yield* TestClock.adjust("10 seconds")
      const beside = yield* status
      assert.deepStrictEqual([beside.writer, beside.writer_stalled, beside.standbys], ["active", false, 0])
      writer.interruptUnsafe()
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* status).writer, "none")
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("counts the lag from the watermark: none after a batch, and more with each commit", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* ended(cdcOnce)
      const lags = [(yield* status).lag_bytes]
      for (const row of [bia, { ...ana, id: "3" }]) {
        yield* server.transact((tx) => tx.insert(clientes, row))
        lags.push((yield* status).lag_bytes)
      }
      assert.strictEqual(lags[0], 0)
      assert.isAbove(lags[1], lags[0])
      assert.isAbove(lags[2], lags[1])
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("counts the lag from the slot where there is no watermark yet", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      const { watermark, lag_seconds, lag_bytes, problems } = yield* status
      assert.deepStrictEqual([watermark, lag_seconds, problems], [null, null, []])
      assert.isAbove(lag_bytes, 0)
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("finds no fault where nobody has made the slot, and says how to make it", () =>
    Effect.gen(function* () {
      const { server } = yield* shop
      server.slots.drop(slotName)
      const { text, problems, confirmed_flush_lsn } = yield* status
      assert.deepStrictEqual([problems, confirmed_flush_lsn], [[], null])
      assert.match(text, /does not exist: create it with `.* init`/)
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("refuses for a lake whose slot is gone, and tells the rest", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* ended(cdcOnce)
      server.slots.drop(slotName)
      const { problems, wal_status, datasets } = yield* status
      assert.deepStrictEqual([problems.length, wal_status], [1, null])
      assert.match(datasets[0].object, /^inc\//)
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("refuses for a watermark that cannot be read, and tells of the slot", () =>
    Effect.gen(function* () {
      yield* shop
      yield* put("inc/_watermark.txt", "broken\n")
      const { problems, wal_status, watermark } = yield* status
      assert.deepStrictEqual([problems.length, wal_status, watermark], [1, "reserved", null])
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("knows no lag where the watermark is that of another source", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* ended(cdcOnce)
      const lines = yield* watermarkLines
      const foreign = lines.map((line) => line.replace(/^(system_identifier=)\d/, "$19"))
      assert.notDeepEqual(foreign, lines)
      yield* put("inc/_watermark.txt", `${foreign.join("\n")}\n`)
      const { problems, lag_bytes, lag_seconds } = yield* status
      assert.deepStrictEqual([problems, lag_bytes, lag_seconds], [["ForeignWatermark"], null, null])
    }).pipe(Effect.provide(inMemory)),
  )

  it.effect("changes nothing: neither the lake nor where the slot stands", () =>
    Effect.gen(function* () {
      const { server, clientes } = yield* shop
      yield* server.transact((tx) => tx.insert(clientes, ana))
      yield* ended(cdcOnce)
      const before = [yield* lakeKeys, yield* watermarkLines, server.slots.find(slotName)?.confirmed]
      yield* server.transact((tx) => tx.insert(clientes, bia))
      yield* status
      const after = [yield* lakeKeys, yield* watermarkLines, server.slots.find(slotName)?.confirmed]
      assert.deepStrictEqual(after, before)
    }).pipe(Effect.provide(inMemory)),
  )
})
