import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import { type LagFacts, lagOf } from "../../../src/status/Lag.ts"

const facts = (given: Partial<LagFacts> = {}): LagFacts => ({
  flushed: Lsn.Lsn.make(5000n),
  watermark: Option.some({ position: Lsn.Lsn.make(1000n), age: Option.some(3600) }),
  confirmed: Option.some(Lsn.Lsn.make(500n)),
  activity: Option.none(),
  leftBehind: 10_000n,
  postponedFor: 0,
  ...given,
})

const figures = (given: Partial<LagFacts>) => {
  const { bytes, seconds } = lagOf(facts(given))
  return [Option.getOrNull(bytes), Option.getOrNull(seconds)]
}

const looked = Option.some({ isIdle: true, seconds: 1.5 })
const reads = Option.some({ isIdle: false, seconds: 1.5 })

describe("the lag", () => {
  it("is nothing where the log ends at the watermark", () => {
    assert.deepStrictEqual(figures({ flushed: Lsn.Lsn.make(1000n) }), [0, 0])
  })

  it("is nothing where the watermark was written after the log was looked at", () => {
    assert.deepStrictEqual(figures({ flushed: Lsn.Lsn.make(900n) }), [0, 0])
  })

  it("is as old as the watermark where no writer runs", () => {
    assert.deepStrictEqual(figures({}), [4000, 3600])
  })

  it("is no older than the last look of an idle writer, however much log there is", () => {
    assert.deepStrictEqual(figures({ activity: looked, leftBehind: 1n }), [4000, 1.5])
  })

  it("is no older than the statement of a writer that reads what little waits", () => {
    assert.deepStrictEqual(figures({ activity: reads }), [4000, 1.5])
  })

  it("counts what a writer that polls may leave unread (BATCH_MIN_WAL)", () => {
    assert.deepStrictEqual(figures({ activity: looked, postponedFor: 64 }), [4000, 65.5])
  })

  it("is no older than the watermark, however long a writer may leave WAL unread", () => {
    const watermark = Option.some({ position: Lsn.Lsn.make(1000n), age: Option.some(30) })
    assert.deepStrictEqual(figures({ activity: looked, postponedFor: 64, watermark }), [4000, 30])
  })

  it("is as old as the watermark while a writer works off much", () => {
    assert.deepStrictEqual(figures({ activity: reads, leftBehind: 1n }), [4000, 3600])
  })

  it("is counted from the slot before there is a watermark, and nobody knows since when", () => {
    assert.deepStrictEqual(figures({ watermark: Option.none() }), [4500, null])
  })

  it("is unknown where there is neither slot nor watermark", () => {
    assert.deepStrictEqual(figures({ watermark: Option.none(), confirmed: Option.none() }), [null, null])
  })
})
