/** Any order of events: no view of the status throws, and no lag is negative. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { liveLine } from "../../../layers/observe/LiveLine.ts"
import * as Lsn from "../../../src/core/Lsn.ts"
import { healthOf } from "../../../src/observe/Health.ts"
import { logLine } from "../../../src/observe/LogLine.ts"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { gaugesOf, samplesOf } from "../../../src/observe/PipelineMetrics.ts"
import { lagSeconds } from "../../../src/observe/PipelineStatus.ts"
import { committed, second, statusAfter, twoDatasets } from "../../support/memory/pipelineEvents.ts"

const seconds = Schema.Int.check(Schema.isBetween({ minimum: -100_000, maximum: 100_000 }))
const position = Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 0xffff_ffff_ffff_ffffn }))

/** The numbers from which one event is made: two times, three positions. */
const Numbers = Schema.Struct({
  a: seconds,
  b: seconds,
  x: position,
  y: position,
  z: position,
  odd: Schema.Boolean,
})
type Numbers = typeof Numbers.Type

/** One maker for each kind of event: a new kind does not compile until it has one. */
const makers: {
  readonly [Tag in PipelineEvent["_tag"]]: (from: Numbers) => Extract<PipelineEvent, { readonly _tag: Tag }>
} = {
  BatchPostponed: ({ a }) => ({ _tag: "BatchPostponed", at: a }),
  StandbyBegan: ({ a }) => ({ _tag: "StandbyBegan", at: second(a) }),
  LockAcquired: ({ a }) => ({ _tag: "LockAcquired", at: second(a) }),
  WatermarkFound: ({ a, b, odd }) => ({
    _tag: "WatermarkFound",
    at: second(a),
    writtenAt: odd ? "no time" : new Date(second(b)).toISOString(),
  }),
  SlotChecked: ({ a, x, y, z }) => ({
    _tag: "SlotChecked",
    at: second(a),
    flushed: Lsn.Lsn.make(x),
    readUpTo: Lsn.Lsn.make(y),
    retainedFrom: Lsn.Lsn.make(z),
  }),
  ChunkReceived: ({ a }) => ({ _tag: "ChunkReceived", at: second(a) }),
  ChunkWritten: ({ a }) => ({ _tag: "ChunkWritten", at: second(a) }),
  TransactionsRead: ({ a, b, odd }) => ({
    _tag: "TransactionsRead",
    at: second(a),
    firstCommittedAt: odd ? "10000-01-01 00:00:00+00" : committed(a),
    lastCommittedAt: odd ? "2025-13-32 25:61:61+00" : committed(b),
  }),
  ObjectsPublished: ({ a }) => ({ _tag: "ObjectsPublished", at: second(a), datasets: twoDatasets }),
  BatchWritten: ({ a, b, x, y, odd }) => ({
    _tag: "BatchWritten",
    at: second(a),
    startedAt: second(b),
    position: Lsn.Lsn.make(x),
    datasets: odd ? [] : twoDatasets,
    firstCommittedAt: odd ? undefined : committed(b),
    remainingBytes: x < y ? undefined : x - y,
  }),
  ColumnsChanged: ({ a }) => ({
    _tag: "ColumnsChanged",
    at: second(a),
    dataset: "t",
    table: "t",
    changes: { added: ["c"], dropped: [], renamed: [], altered: [] },
  }),
  CaughtUp: ({ a, b }) => ({ _tag: "CaughtUp", at: second(a), asOf: second(b) }),
  CopyBegan: ({ a }) => ({ _tag: "CopyBegan", at: second(a) }),
  TableCopied: ({ a }) => ({
    _tag: "TableCopied",
    at: second(a),
    dataset: "t",
    rows: 1,
    bytes: 2,
    objects: 1,
    object: "k",
  }),
  CopyFinished: ({ a }) => ({ _tag: "CopyFinished", at: second(a) }),
  RetryBegan: ({ a, b, odd }) => ({
    _tag: "RetryBegan",
    at: second(a),
    service: odd ? "lake" : "source",
    since: second(b),
    failures: odd ? 1 : 2,
    message: "away",
    limit: odd ? undefined : 30_000,
  }),
  Recovered: ({ a, b }) => ({ _tag: "Recovered", at: second(a), since: second(b) }),
}
const tags = Object.keys(makers) as ReadonlyArray<keyof typeof makers> // the keys are those that stand above

const histories = Arbitrary.schema(
  Schema.Array(Schema.Struct({ kind: Schema.Literals(tags), from: Numbers })),
)
const moments = Arbitrary.schema(seconds)

const isNotNegative = (value: number | undefined): boolean => value === undefined || value >= 0

describe("any order of events", () => {
  it.prop("has no negative lag", { history: histories, now: moments }, ({ history, now }) => {
    const status = statusAfter(history.map(({ kind, from }) => makers[kind](from)))
    assert.isTrue(isNotNegative(lagSeconds(status, second(now))), "seconds")
    assert.isTrue(isNotNegative(status.lagBytes), "bytes")
    assert.isTrue(isNotNegative(status.retainedBytes), "retained bytes")
  })

  it.prop(
    "has a health, gauges, samples, lines and a live line",
    { history: histories, now: moments },
    ({ history, now }) => {
      const events = history.map(({ kind, from }) => makers[kind](from))
      const status = statusAfter(events)
      assert.isNotEmpty(healthOf(status, second(now), 60_000).text)
      assert.isNotEmpty(liveLine(status, 1, second(now), 80))
      for (const { value } of [...gaugesOf(status, second(now)), ...events.flatMap(samplesOf)])
        assert.isTrue(Number.isFinite(value))
      for (const event of events) assert.notMatch(logLine(event)?.message ?? "line", /^$/)
    },
  )
})
