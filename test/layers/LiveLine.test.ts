import { assert, describe, it } from "@effect/vitest"
import { liveLine } from "../../layers/observe/LiveLine.ts"
import { VitalSigns } from "../../src/services/Vitals.ts"

const now = Date.parse("2025-11-03T10:15:30Z")

describe("the live line of cdc", () => {
  it("tells rate, rows, lag and the newest object", () => {
    const vitals = new VitalSigns(now)
    vitals.caughtUp(now, now)
    vitals.wrote(1204, "inc/date=20251103/cdc_20251103_101530.csv")
    assert.strictEqual(
      liveLine(vitals, 311.6, now, 100),
      "cdc  312 rows/s  1204 rows  lag 0.0 s  inc/date=20251103/cdc_20251103_101530.csv",
    )
  })

  it("tells why it does not go on", () => {
    const vitals = new VitalSigns(now)
    vitals.failed("source", now, "Source, loja: away.")
    assert.strictEqual(
      liveLine(vitals, 0, now, 120),
      "cdc  source away since 2025-11-03T10:15:30.000Z, trying again: Source, loja: away.",
    )
  })

  it("stays on one line of the terminal", () => {
    assert.strictEqual(liveLine(new VitalSigns(now), 0, now, 20), "cdc  0 rows/s  0 ro")
  })
})
