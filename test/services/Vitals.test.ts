import { assert, describe, it } from "@effect/vitest"
import * as Lsn from "../../src/core/Lsn.ts"
import { VitalSigns } from "../../src/services/Vitals.ts"

const start = Date.parse("2025-11-03T10:15:30Z")
const second = (n: number) => start + n * 1000
const committed = (n: number) => `${new Date(second(n)).toISOString().slice(0, 19).replace("T", " ")}+00`
const patience = 60_000

const look = (at: number, flushed: bigint, readUpTo: bigint) => ({
  at: second(at),
  flushed: Lsn.Lsn.make(flushed),
  readUpTo: Lsn.Lsn.make(readUpTo),
  keptFrom: Lsn.Lsn.make(100n),
})

/** It has looked at second 0, and found nothing. */
const idle = () => {
  const vitals = new VitalSigns(start)
  vitals.looked(look(0, 1000n, 1000n))
  return vitals
}

describe("the lag of a running cdc", () => {
  it("is 0 after a look that found nothing, however long ago", () => {
    assert.deepStrictEqual([idle().lagSeconds(second(50)), idle().lagBytes], [0, 0])
  })

  it("is bounded by the last look that found nothing, until the batch has told its first commit", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    assert.deepStrictEqual([vitals.lagSeconds(second(12)), vitals.lagBytes], [12, 2000])
  })

  it("is the age of the batch's oldest commit, not of its last one", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    vitals.reads(committed(4), committed(5))
    vitals.reads(committed(6), committed(8))
    assert.strictEqual(vitals.lagSeconds(second(12)), 8)
  })

  it("is 0 again when all of it is in the lake", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    vitals.reads(committed(4), committed(8))
    vitals.caughtUp(second(10), second(11))
    assert.deepStrictEqual([vitals.lagSeconds(second(12)), vitals.lagBytes], [0, 0])
  })

  it("goes on from the last commit of a batch that was cut", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    vitals.reads(committed(4), committed(8))
    vitals.goesOn(second(10), 500n)
    assert.deepStrictEqual([vitals.lagSeconds(second(12)), vitals.lagBytes], [4, 500])
  })

  it("grows from the last good look while source or lake are away", () => {
    const vitals = idle()
    vitals.failed("source", second(3), "away")
    assert.deepStrictEqual([vitals.lagSeconds(second(5)), vitals.lagSeconds(second(9))], [5, 9])
  })

  it("begins with the age of the watermark that another writer has left", () => {
    const vitals = new VitalSigns(second(100))
    vitals.beginsAfter(new Date(second(40)).toISOString())
    vitals.looked(look(101, 3000n, 1000n))
    assert.strictEqual(vitals.lagSeconds(second(102)), 62)
  })
})

describe("the health of a running cdc", () => {
  const health = (vitals: VitalSigns, at: number) => vitals.health(second(at), patience)

  it("is good where it has looked not long ago", () => {
    assert.deepStrictEqual(health(idle(), 60), { isWell: true, text: "ok" })
  })

  it("is bad where no look has succeeded for too long", () => {
    assert.deepStrictEqual(health(idle(), 61), {
      isWell: false,
      text: "no successful look at the slot since 2025-11-03T10:15:30.000Z",
    })
  })

  it("is good while a batch is in hand, however long it takes", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    assert.deepStrictEqual(health(vitals, 3600), {
      isWell: true,
      text: "at work since 2025-11-03T10:15:40.000Z",
    })
  })

  it("is bad while it tries again, and says what, since when and why", () => {
    const vitals = idle()
    vitals.failed("lake", second(3), "Lake, x: away.")
    assert.deepStrictEqual(health(vitals, 4), {
      isWell: false,
      text: "lake away since 2025-11-03T10:15:33.000Z, trying again: Lake, x: away.",
    })
  })

  it("is good again when it has healed", () => {
    const vitals = idle()
    vitals.failed("lake", second(3), "away")
    vitals.healed()
    assert.isTrue(health(vitals, 4).isWell)
  })

  it("is good as a standby, for ever", () => {
    const vitals = new VitalSigns(start)
    vitals.standsBy()
    assert.deepStrictEqual(health(vitals, 99_999), { isWell: true, text: "standby" })
  })
})
