/** The fence's decisions, as tables of facts. */
import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import {
  announcement,
  announcementInBatch,
  isOutdated,
  nameAfter,
  nextAfterBatch,
  reasonToWait,
  type TakeOverFacts,
  validAnnouncement,
} from "../../../../src/cdc/fence/Fence.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { type ObjectName, parseObjectName, printObjectName } from "../../../../src/core/lake/ObjectKey.ts"
import * as Watermark from "../../../../src/core/lake/Watermark.ts"

const lsn = Lsn.Lsn.make
const name = (text: string): ObjectName => Option.getOrThrow(parseObjectName(text))
const stamp = (text: string) => name(text).stamp
const printed = (found: Option.Option<ObjectName>) => Option.getOrNull(Option.map(found, printObjectName))
const at = Date.UTC(2025, 10, 3, 10, 15, 30)
const seconds = (count: number) => at + count * 1000

describe("the name of the next object", () => {
  for (const [newest, expected] of [
    [undefined, "20251103_101530.csv.gz"],
    ["20251103_101529_0007.csv", "20251103_101530.csv.gz"],
    ["20251103_101530.csv", "20251103_101530_0002.csv.gz"],
    ["20251103_101530_0002.csv.gz", "20251103_101530_0003.csv.gz"],
    ["20251103_101530_9999.csv.gz", "20251103_101531.csv.gz"],
    ["20251104_000000.csv", "20251104_000000_0002.csv.gz"],
  ] as const) {
    it(`is ${expected} after ${newest ?? "nothing"} where 20251103_101530.csv.gz is announced`, () => {
      const after = Option.map(Option.fromUndefinedOr(newest), stamp)
      assert.strictEqual(printObjectName(nameAfter(name("20251103_101530.csv.gz"), after)), expected)
    })
  }
})

describe("an announcement", () => {
  it("is of the second in which it is made, and ends as new objects do", () => {
    assert.strictEqual(printObjectName(announcement([], at, ".csv")), "20251103_101530.csv")
  })

  it("is later than every newest object, also where the clock has stepped back", () => {
    const newest = [
      stamp("20251103_101529.csv"),
      stamp("20251103_101600_0002.csv"),
      stamp("20251103_101600.csv"),
    ]
    assert.strictEqual(printObjectName(announcement(newest, at, ".csv")), "20251103_101600_0003.csv")
  })

  const next = Option.some(name("20251103_101530.csv"))
  const own = { readUpTo: lsn(20n), bound: lsn(20n) }
  const predecessors = { readUpTo: lsn(19n), bound: lsn(20n) }

  it("holds for a minute", () => {
    assert.strictEqual(printed(validAnnouncement(next, own, seconds(60))), "20251103_101530.csv")
    assert.strictEqual(printed(validAnnouncement(next, own, seconds(61))), null)
  })

  it("holds for all objects of a batch that has named one, however long that takes", () => {
    assert.strictEqual(
      printed(announcementInBatch(next, true, own, seconds(9_000_000))),
      "20251103_101530.csv",
    )
    assert.strictEqual(printed(announcementInBatch(next, false, own, seconds(61))), null)
  })

  it("of a predecessor holds until all is read that it can have read, however long that takes", () => {
    assert.strictEqual(
      printed(validAnnouncement(next, predecessors, seconds(9_000_000))),
      "20251103_101530.csv",
    )
  })

  it("is outdated once nothing can be under way for it, whoever made it", () => {
    assert.isTrue(isOutdated(next, own))
    assert.isFalse(isOutdated(next, predecessors))
    assert.isFalse(isOutdated(Option.none(), own))
  })

  it("of a predecessor stays in the watermark of a batch that has not read so far; else the fresh one counts", () => {
    const fresh = Option.some(name("20251103_101600.csv"))
    assert.strictEqual(printed(nextAfterBatch(next, predecessors, fresh)), "20251103_101530.csv")
    assert.strictEqual(printed(nextAfterBatch(next, own, fresh)), "20251103_101600.csv")
    assert.strictEqual(printed(nextAfterBatch(next, own, Option.none())), null)
    assert.strictEqual(printed(nextAfterBatch(Option.none(), predecessors, fresh)), "20251103_101600.csv")
  })
})

describe("a take-over waits", () => {
  const fenced: Watermark.Watermark = { ...Watermark.bare(lsn(1n)), epoch: Option.some(1) }
  const found = (facts: Partial<TakeOverFacts>): TakeOverFacts => ({
    watermark: Option.some(fenced),
    hasObjects: true,
    fencing: "conditions",
    timeline: Option.some(1),
    ...facts,
  })
  const announced = Option.some({ ...fenced, next: Option.some(name("20251103_101530.csv")) })

  for (const [what, facts, waits] of [
    ["on a new lake", { watermark: Option.none(), hasObjects: false }, false],
    ["where the watermark of a lake is gone", { watermark: Option.none() }, true],
    ["where line 1 stands alone", { watermark: Option.some(Watermark.bare(lsn(1n))) }, true],
    [
      "where the predecessor announced a name, and the store honours conditions",
      { watermark: announced },
      false,
    ],
    ["where the predecessor announced nothing", {}, false],
    [
      "where the source has gone to another timeline",
      { watermark: Option.some({ ...fenced, timeline: Option.some(2) }) },
      true,
    ],
    ["where no timeline is known", { timeline: Option.none() }, false],
    ["where a store has come to ignore conditions", { watermark: announced, fencing: "waiting" }, true],
    [
      "where the predecessor did not end in order, and the store ignores conditions",
      { watermark: Option.some({ ...fenced, clean: Option.some(false) }), fencing: "waiting" },
      true,
    ],
    [
      "where it did not end in order, and the store has come to honour conditions",
      { watermark: Option.some({ ...fenced, clean: Option.some(false) }) },
      true,
    ],
    [
      "where the predecessor ended in order, and the store ignores conditions",
      { watermark: Option.some({ ...fenced, clean: Option.some(true) }), fencing: "waiting" },
      false,
    ],
  ] satisfies ReadonlyArray<readonly [string, Partial<TakeOverFacts>, boolean]>) {
    it(`${waits ? "" : "not "}${what}`, () => {
      assert.strictEqual(Option.isSome(reasonToWait(found(facts))), waits)
    })
  }
})
