/** Sequences of events, and the lag and successes that follow from them. */
import { assert, describe, it } from "@effect/vitest"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { lagSeconds, lastSuccess } from "../../../src/observe/PipelineStatus.ts"
import {
  batchWritten,
  retryBegan,
  second,
  slotChecked,
  statusAfter,
  transactionsRead,
  twoDatasets,
} from "../../support/memory/pipelineEvents.ts"

/** A check at second 0 that found nothing. */
const idle = slotChecked(0, 1000n, 1000n)
/** A check at second 10 that found 2000 bytes of WAL. */
const behind = slotChecked(10, 3000n, 1000n)

interface LagCase {
  readonly when: string
  readonly events: ReadonlyArray<PipelineEvent>
  readonly startedAt?: number
  readonly at: number
  readonly seconds: number
  readonly bytes: number | undefined
}

const lagCases: ReadonlyArray<LagCase> = [
  {
    when: "before the first check, which alone knows what is unread",
    events: [],
    at: 9,
    seconds: 0,
    bytes: undefined,
  },
  { when: "long after a check that found nothing", events: [idle], at: 50, seconds: 0, bytes: 0 },
  {
    when: "from the last check that found nothing, until the batch has read a commit",
    events: [idle, behind],
    at: 12,
    seconds: 12,
    bytes: 2000,
  },
  {
    when: "from the batch's oldest commit, not its last one",
    events: [idle, behind, transactionsRead(4, 5), transactionsRead(6, 8)],
    at: 12,
    seconds: 8,
    bytes: 2000,
  },
  {
    when: "from the last check that found nothing, where a check has left the WAL for a later batch",
    events: [idle, behind, { _tag: "BatchPostponed", at: second(10) }],
    at: 12,
    seconds: 12,
    bytes: 2000,
  },
  {
    when: "after all of the batch is in the lake",
    events: [idle, behind, transactionsRead(4, 8), batchWritten(10, 11, twoDatasets)],
    at: 12,
    seconds: 0,
    bytes: 0,
  },
  {
    when: "after a batch that held nothing of ours",
    events: [idle, behind, { _tag: "CaughtUp", at: second(11), asOf: second(10) }],
    at: 12,
    seconds: 0,
    bytes: 0,
  },
  {
    when: "from the last commit of a batch that was cut",
    events: [idle, behind, transactionsRead(4, 8), batchWritten(10, 10, twoDatasets, 500n)],
    at: 12,
    seconds: 4,
    bytes: 500,
  },
  {
    when: "from the first commit of the batch after that",
    events: [
      idle,
      behind,
      transactionsRead(4, 8),
      batchWritten(10, 10, twoDatasets, 500n),
      slotChecked(11, 3000n, 2500n),
      transactionsRead(9, 9),
    ],
    at: 12,
    seconds: 3,
    bytes: 500,
  },
  {
    when: "from the last good check while the source is away",
    events: [idle, retryBegan("source", 3)],
    at: 9,
    seconds: 9,
    bytes: 0,
  },
  {
    when: "from the start, where the first batch hangs",
    events: [{ _tag: "LockAcquired", at: second(1) }, slotChecked(2, 3000n, 1000n)],
    at: 105,
    seconds: 105,
    bytes: 2000,
  },
  {
    when: "from the time of the watermark that another writer left",
    events: [
      { _tag: "WatermarkFound", at: second(100), writtenAt: new Date(second(40)).toISOString() },
      slotChecked(101, 3000n, 1000n),
    ],
    startedAt: 100,
    at: 102,
    seconds: 62,
    bytes: 2000,
  },
  {
    when: "as a standby",
    events: [behind, { _tag: "StandbyBegan", at: second(11) }],
    at: 50,
    seconds: 0,
    bytes: 0,
  },
]

describe("the lag of a running cdc", () => {
  for (const { when, events, startedAt = 0, at, seconds, bytes } of lagCases) {
    it(`is ${seconds} s ${when}`, () => {
      const status = statusAfter(events, startedAt)
      assert.deepStrictEqual([lagSeconds(status, second(at)), status.lagBytes], [seconds, bytes])
    })
  }
})

describe("the WAL that is retained", () => {
  it("reaches from the slot's restart LSN to the end of the WAL", () => {
    assert.strictEqual(statusAfter([behind]).retainedBytes, 2900)
  })

  it("is 0 where the slot is ahead of what this server has flushed", () => {
    assert.strictEqual(statusAfter([slotChecked(1, 50n, 50n)]).retainedBytes, 0)
  })
})

describe("the last success", () => {
  const standby: PipelineEvent = { _tag: "StandbyBegan", at: second(1) }
  const successCases: ReadonlyArray<readonly [string, ReadonlyArray<PipelineEvent>, number]> = [
    ["the start before the first one, so that a batch that hangs from the beginning is noticed", [], 0],
    [
      "the take-over for a standby that has waited long, and no later failure moves it",
      [
        standby,
        { _tag: "LockAcquired", at: second(5000) },
        retryBegan("lake", 5001),
        { _tag: "LockAcquired", at: second(6000) },
      ],
      5000,
    ],
    ["the last check that found nothing", [idle, slotChecked(7, 1000n, 1000n)], 7],
    ["the last batch", [idle, behind, batchWritten(10, 13, twoDatasets)], 13],
    [
      "the end of the last copy",
      [
        { _tag: "CopyBegan", at: second(1) },
        { _tag: "CopyFinished", at: second(8) },
      ],
      8,
    ],
  ]
  for (const [what, events, at] of successCases) {
    it(`is ${what}`, () => {
      assert.strictEqual(lastSuccess(statusAfter(events)), second(at))
    })
  }
})

describe("what was written", () => {
  it("sums the rows of all batches and remembers the newest object", () => {
    const status = statusAfter([batchWritten(1, 2, twoDatasets), batchWritten(3, 4, twoDatasets.slice(0, 1))])
    assert.deepStrictEqual([status.rows, status.newestObject], [7, "inc/b.csv"])
  })

  it("stays where a batch held no rows of ours", () => {
    const status = statusAfter([batchWritten(1, 2, twoDatasets), batchWritten(3, 4, [])])
    assert.deepStrictEqual([status.rows, status.newestObject], [4, "inc/c.csv"])
  })
})
