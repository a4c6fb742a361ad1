import { assert, describe, it } from "@effect/vitest"
import { liveLine } from "../../../../layers/observe/LiveLine.ts"
import {
  batchWritten,
  start as now,
  retryBegan,
  second,
  slotChecked,
  statusAfter,
  twoDatasets,
} from "../../../support/memory/pipelineEvents.ts"

describe("the live line of cdc", () => {
  it("tells rate, rows, lag and the newest object", () => {
    const status = statusAfter([batchWritten(0, 0, twoDatasets)])
    assert.strictEqual(liveLine(status, 311.6, now, 100), "cdc  312 rows/s  4 rows  lag 0.0 s  inc/c.csv")
  })

  it("tells how long a batch has been in hand, and that nothing is written yet", () => {
    const status = statusAfter([slotChecked(0, 1000n, 1000n), slotChecked(10, 3000n, 1000n)])
    assert.strictEqual(
      liveLine(status, 0, second(14), 100),
      "cdc  0 rows/s  0 rows  lag 14.0 s  batch in hand for 4 s  nothing written yet",
    )
  })

  it("tells that another process writes", () => {
    const status = statusAfter([{ _tag: "StandbyBegan", at: now }])
    assert.strictEqual(liveLine(status, 0, now, 100), "cdc  standby, another process writes")
  })

  it("tells why it does not go on", () => {
    const status = statusAfter([retryBegan("source", 0, { message: "Source, loja: away." })])
    assert.strictEqual(
      liveLine(status, 0, now, 120),
      "cdc  source away since 2025-11-03T10:15:30.000Z, trying again: Source, loja: away.",
    )
  })

  it("stays on one line of the terminal", () => {
    assert.strictEqual(liveLine(statusAfter([]), 0, now, 20), "cdc  0 rows/s  0 ro")
  })
})
