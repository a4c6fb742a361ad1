import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import {
  decideHistory,
  type LakeHistory,
  lastCommitOf,
  type NewestRow,
  type SentAgain,
  sendsAgain,
} from "../../../../src/cdc/start/HistoryDecision.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"

const lsn = (value: bigint) => Lsn.Lsn.make(value)
const commit = (at: bigint, xid = 7) => ({ lsn: lsn(at), xid, at: "2025-11-03 10:15:30+00" })
const newest = (at: bigint): NewestRow => ({
  dataset: "clientes",
  key: "inc/date=20251103/cdc_20251103_101540.csv",
  row: { ...commit(at), seq: 1 },
})
const beyond = newest(120n)

const lake: LakeHistory = {
  position: lsn(100n),
  lastCommit: Option.some(commit(80n)),
  noRowsAfter: new Map([["clientes", lsn(80n)]]),
  newestRows: [],
}
const sent: SentAgain = {
  from: lsn(50n),
  lastCommit: Option.some(commit(80n)),
  unexpected: Option.none(),
  rowsAgain: [],
}

const cases: ReadonlyArray<readonly [string, Partial<LakeHistory>, Partial<SentAgain>, RegExp | undefined]> =
  [
    ["the last commit comes again", {}, {}, undefined],
    ["there is no commit where the last one was", {}, { lastCommit: Option.none() }, /has no such commit/],
    [
      "another transaction is there",
      {},
      { lastCommit: Option.some(commit(80n, 8)) },
      /another one at 0\/50 \(transaction 8/,
    ],
    [
      "the same transaction has another time",
      {},
      { lastCommit: Option.some({ ...commit(80n), at: "2025-11-03 10:15:31+00" }) },
      /another one/,
    ],
    ["the slot begins at the last commit", {}, { from: lsn(80n), lastCommit: Option.none() }, undefined],
    ["the last commit is not known", { lastCommit: Option.none() }, { lastCommit: Option.none() }, undefined],
    [
      "a commit that the lake should have comes as new",
      {},
      { unexpected: Option.some({ commit: commit(90n), dataset: "clientes" }) },
      /rows of "clientes", which lies before the watermark 0\/64/,
    ],
    ["the newest row comes again", { newestRows: [beyond] }, { rowsAgain: [beyond] }, undefined],
    [
      "the newest row does not come again",
      { newestRows: [beyond] },
      {},
      /_seq 1\) is not in the server's WAL/,
    ],
  ]

describe("the server's history", () => {
  for (const [facts, known, found, says] of cases) {
    it(`${says === undefined ? "agrees" : "is another one"}: ${facts}`, () => {
      const refusal = decideHistory({ ...lake, ...known }, { ...sent, ...found }, "Begin anew")
      if (says === undefined) assert.isTrue(Option.isNone(refusal))
      else assert.match(Option.getOrThrow(refusal).message, says)
    })
  }

  it("is not asked for where the slot stands at the watermark and no row lies beyond it", () => {
    assert.isFalse(sendsAgain(lsn(100n), lake))
    assert.isTrue(sendsAgain(lsn(99n), lake))
    assert.isTrue(sendsAgain(lsn(100n), { ...lake, newestRows: [beyond] }))
  })

  it("has as its last commit the newest of the watermark's and the lake's rows", () => {
    const found = (recorded: Option.Option<ReturnType<typeof commit>>, rows: ReadonlyArray<NewestRow>) =>
      Option.map(lastCommitOf(lsn(100n), recorded, rows), (one) => one.lsn)
    assert.deepStrictEqual(found(Option.some(commit(80n)), [newest(90n), newest(70n)]), Option.some(lsn(90n)))
    assert.deepStrictEqual(
      found(Option.some(commit(80n)), [newest(70n), newest(120n)]),
      Option.some(lsn(80n)),
    )
    assert.deepStrictEqual(found(Option.none(), []), Option.none())
  })
})
