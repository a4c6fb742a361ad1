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

  it("counts from the start where nothing was ever read to its end, for as long as the first batch hangs", () => {
    const vitals = new VitalSigns(start)
    vitals.takesOver(second(1))
    vitals.looked(look(2, 3000n, 1000n))
    assert.deepStrictEqual([vitals.lagSeconds(second(3)), vitals.lagSeconds(second(105))], [3, 105])
  })

  it("is 0 before the first look, which alone knows whether something waits", () => {
    assert.strictEqual(new VitalSigns(start).lagSeconds(second(9)), 0)
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

  it("is good while the server decodes a batch in silence", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    assert.deepStrictEqual(health(vitals, 10 + 900), {
      isWell: true,
      text: "at work since 2025-11-03T10:15:40.000Z",
    })
  })

  it("is good while a batch is in hand and pieces come or go, however long it takes", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    for (let at = 600; at <= 36_000; at += 600) {
      vitals.moves(second(at))
      assert.isTrue(health(vitals, at + 300).isWell)
    }
  })

  it("is bad where a batch is in hand and nothing comes or goes for a quarter of an hour", () => {
    const vitals = idle()
    vitals.looked(look(10, 3000n, 1000n))
    vitals.moves(second(20))
    assert.deepStrictEqual(health(vitals, 20 + 901), {
      isWell: false,
      text: "at work since 2025-11-03T10:15:40.000Z, but nothing was received or sent since 2025-11-03T10:15:50.000Z",
    })
  })

  it("asks of a batch only what came since it began", () => {
    const vitals = idle()
    vitals.moves(second(1))
    vitals.looked(look(3000, 3000n, 1000n))
    assert.isTrue(health(vitals, 3001).isWell)
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

describe("the last success", () => {
  it("is the start before the first one, so that a batch that hangs from the beginning is missed", () => {
    assert.strictEqual(new VitalSigns(start).lastSuccess, start)
  })

  it("is the moment of the takeover for a standby that has waited long, and no later failure moves it", () => {
    const vitals = new VitalSigns(start)
    vitals.standsBy()
    vitals.takesOver(second(5000))
    vitals.failed("lake", second(5001), "away")
    vitals.takesOver(second(6000))
    assert.strictEqual(vitals.lastSuccess, second(5000))
  })

  it("is that of the last look that found nothing", () => {
    const vitals = idle()
    vitals.looked(look(7, 1000n, 1000n))
    assert.strictEqual(vitals.lastSuccess, second(7))
  })
})
