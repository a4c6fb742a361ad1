/** Sequences of events, and what `/healthz` answers after them. */
import { assert, describe, it } from "@effect/vitest"
import { healthOf } from "../../../src/observe/Health.ts"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { retryBegan, second, slotChecked, statusAfter } from "../../support/memory/pipelineEvents.ts"

const idle = slotChecked(0, 1000n, 1000n)
const behind = slotChecked(10, 3000n, 1000n)
const received = (at: number): PipelineEvent => ({ _tag: "ChunkReceived", at: second(at) })
const written = (at: number): PipelineEvent => ({ _tag: "ChunkWritten", at: second(at) })
const longestIdle = 60_000

const work = "at work since 2025-11-03T10:15:40.000Z"
const silent = `${work}, but nothing was received or sent since 2025-11-03T10:15:50.000Z`

interface HealthCase {
  readonly when: string
  readonly events: ReadonlyArray<PipelineEvent>
  readonly at: number
  readonly isWell: boolean
  readonly text: string
}

const cases: ReadonlyArray<HealthCase> = [
  { when: "it has checked the slot not long ago", events: [idle], at: 60, isWell: true, text: "ok" },
  {
    when: "no check has succeeded for too long",
    events: [idle],
    at: 61,
    isWell: false,
    text: "no successful check of the slot since 2025-11-03T10:15:30.000Z",
  },
  {
    when: "the server decodes a batch in silence",
    events: [idle, behind],
    at: 910,
    isWell: true,
    text: work,
  },
  {
    when: "chunks are received, however long the batch takes",
    events: [idle, behind, received(36_000)],
    at: 36_300,
    isWell: true,
    text: work,
  },
  {
    when: "chunks are written, however long the batch takes",
    events: [idle, behind, written(36_000)],
    at: 36_300,
    isWell: true,
    text: work,
  },
  {
    when: "nothing is received or sent for a quarter of an hour",
    events: [idle, behind, received(20)],
    at: 921,
    isWell: false,
    text: silent,
  },
  {
    when: "the last chunk was before a batch that has just begun",
    events: [idle, received(1), slotChecked(3000, 3000n, 1000n)],
    at: 3001,
    isWell: true,
    text: "at work since 2025-11-03T11:05:30.000Z",
  },
  {
    when: "a check has left pending WAL for a later batch",
    events: [idle, behind, { _tag: "BatchPostponed", at: second(10) }],
    at: 70,
    isWell: true,
    text: "ok",
  },
  {
    when: "no check has succeeded since one that left pending WAL",
    events: [idle, behind, { _tag: "BatchPostponed", at: second(10) }],
    at: 71,
    isWell: false,
    text: "no successful check of the slot since 2025-11-03T10:15:40.000Z",
  },
  {
    when: "it retries, and says what, since when and why",
    events: [idle, retryBegan("lake", 3, { message: "Lake, x: away." })],
    at: 4,
    isWell: false,
    text: "lake away since 2025-11-03T10:15:33.000Z, trying again: Lake, x: away.",
  },
  {
    when: "it has recovered",
    events: [idle, retryBegan("lake", 3), { _tag: "Recovered", at: second(4), since: second(3) }],
    at: 5,
    isWell: true,
    text: "ok",
  },
  {
    when: "a copy begins again after a failure",
    events: [retryBegan("source", 3), { _tag: "CopyBegan", at: second(10) }],
    at: 11,
    isWell: true,
    text: work,
  },
  {
    when: "it is a standby, for however long",
    events: [{ _tag: "StandbyBegan", at: second(0) }],
    at: 99_999,
    isWell: true,
    text: "standby",
  },
]

describe("the health of a running pipeline", () => {
  for (const { when, events, at, isWell, text } of cases) {
    it(`is ${isWell ? "good" : "bad"} where ${when}`, () => {
      assert.deepStrictEqual(healthOf(statusAfter(events), second(at), longestIdle), { isWell, text })
    })
  }
})
