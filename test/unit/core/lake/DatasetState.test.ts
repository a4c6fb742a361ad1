import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Lsn from "../../../../src/core/Lsn.ts"
import {
  type DatasetFacts,
  type DatasetState,
  datasetState,
  type IncompleteReason,
  snapshotXmin,
  unchangedTable,
} from "../../../../src/core/lake/DatasetState.ts"
import { bare, type FromReason, type Watermark } from "../../../../src/core/lake/Watermark.ts"

const lsn = Lsn.Lsn.make(100n)
const tables = new Map([["clientes", { name: "db_loja.cliente", oid: 1 }]])
const since = (reason: FromReason) =>
  new Map([["clientes", { lsn, since: Option.some({ xid: 700n, reason }) }]])

const beginning = new Map([["clientes", { lsn, since: Option.none() }]])
/** The newest copy, by the oldest transaction that it does not see. */
const seen = (xmin: bigint): Partial<DatasetFacts> => ({
  copy: Option.some({ xmin: Option.some(xmin), lsn: Option.some(lsn), mask: Option.none() }),
})
/** The newest copy, by its LSN. */
const copiedAt = (at: bigint): Partial<DatasetFacts> => ({
  copy: Option.some({ xmin: Option.some(1n), lsn: Option.some(Lsn.Lsn.make(at)), mask: Option.none() }),
})
/** The newest copy, under a mask. */
const maskedCopy = (mask: string): Partial<DatasetFacts> => ({
  copy: Option.some({ xmin: Option.some(700n), lsn: Option.some(lsn), mask: Option.some(mask) }),
})
const masks = new Map([["clientes", "ab"]])
const dropped: Partial<DatasetFacts> = { table: { ...unchangedTable, isDropped: true } }
const anew = (reason: FromReason): Partial<DatasetFacts> => ({
  table: { ...unchangedTable, anew: Option.some(reason) },
})

const cases: ReadonlyArray<
  readonly [string, Partial<Watermark>, Partial<DatasetFacts>, DatasetState, IncompleteReason | undefined]
> = [
  ["it was there from the lake's beginning", { tables, from: beginning }, {}, "followed", undefined],
  ["it came later and has no copy", { tables, from: since("new") }, {}, "waiting for full", "new"],
  ["its copy is older", { tables, from: since("new") }, seen(699n), "waiting for full", "new"],
  ["its copy saw all before it", { tables, from: since("new") }, seen(700n), "followed", undefined],
  ["it came again", { tables, from: since("again") }, {}, "waiting for full", "again"],
  ["its table was replaced", { tables, from: since("replaced") }, seen(1n), "needs full", "replaced"],
  ["it was left", { tables, left: new Map([["clientes", lsn]]) }, { isConfigured: false }, "left", undefined],
  [
    "it was left and is configured again",
    { tables, left: new Map([["clientes", lsn]]) },
    {},
    "waiting for full",
    "again",
  ],
  [
    "cdc has not seen it yet",
    { tables: new Map([["pedidos", { name: "p", oid: 2 }]]) },
    { isInLake: true },
    "waiting for full",
    "new",
  ],
  ["an older version wrote the lake", {}, { isInLake: true }, "followed", undefined],
  ["an older version wrote the lake, which has nothing of it", {}, {}, "waiting for full", "new"],
  ["its table was dropped", { tables, from: beginning }, dropped, "dropped", undefined],
  [
    "its table was dropped while it needed a copy",
    { tables, from: since("replaced") },
    dropped,
    "dropped",
    undefined,
  ],
  [
    "it was left, and its table was dropped",
    { tables, left: new Map([["clientes", lsn]]) },
    { ...dropped, isConfigured: false },
    "left",
    undefined,
  ],
  [
    "cdc has not seen yet that its table was replaced",
    { tables, from: beginning },
    { ...seen(700n), ...anew("replaced") },
    "needs full",
    "replaced",
  ],
  [
    "its copy is older than the slot from which it was followed",
    { tables, from: beginning },
    copiedAt(99n),
    "needs full",
    "full before slot",
  ],
  ["its copy is as old as the slot", { tables, from: beginning }, copiedAt(100n), "followed", undefined],
  [
    "its copy is older than where it began anew, and saw all before it",
    { tables, from: since("new") },
    {
      copy: Option.some({
        xmin: Option.some(700n),
        lsn: Option.some(Lsn.Lsn.make(99n)),
        mask: Option.none(),
      }),
    },
    "followed",
    undefined,
  ],
  [
    "its mask has changed, and its copy is older",
    { tables, from: since("masked"), masks },
    seen(699n),
    "needs full",
    "masked",
  ],
  [
    "its mask has changed, and its copy saw all before it without one",
    { tables, from: since("masked"), masks },
    seen(700n),
    "needs full",
    "masked",
  ],
  [
    "its copy is under its mask",
    { tables, from: since("masked"), masks },
    maskedCopy("ab"),
    "followed",
    undefined,
  ],
  [
    "its copy is under another mask, since the lake's beginning",
    { tables, from: beginning, masks },
    maskedCopy("cd"),
    "needs full",
    "masked",
  ],
  ["its copy alone has a mask", { tables, from: since("new") }, maskedCopy("ab"), "needs full", "masked"],
  ["it has a mask and no copy yet", { tables, from: beginning, masks }, {}, "followed", undefined],
]

const nothing: DatasetFacts = {
  watermark: Option.none(),
  slotBegin: Option.none(),
  dataset: "clientes",
  isConfigured: true,
  isInLake: false,
  copy: Option.none(),
  table: unchangedTable,
}
const told = (found: ReturnType<typeof datasetState>) =>
  Option.getOrUndefined(
    Option.map(found, ({ state, reason }) => ({ state, reason: Option.getOrUndefined(reason) })),
  )

describe("the state of a dataset", () => {
  for (const [facts, watermark, given, state, reason] of cases) {
    it(`is "${state}": ${facts}`, () => {
      const found = datasetState({
        ...nothing,
        watermark: Option.some({ ...bare(lsn), ...watermark }),
        ...given,
      })
      assert.deepStrictEqual(told(found), { state, reason })
    })
  }

  it("is not known before cdc has begun, unless its copy is older than the slot", () => {
    const slotBegin = Option.some(lsn)
    assert.isUndefined(told(datasetState(nothing)))
    assert.isUndefined(told(datasetState({ ...nothing, slotBegin, ...copiedAt(100n) })))
    assert.isUndefined(told(datasetState({ ...nothing, ...copiedAt(99n) })))
    assert.deepStrictEqual(told(datasetState({ ...nothing, slotBegin, ...copiedAt(99n) })), {
      state: "needs full",
      reason: "full before slot",
    })
  })

  it("takes the oldest transaction that a snapshot does not see", () => {
    assert.deepStrictEqual(snapshotXmin("3623:3625:3624"), Option.some(3623n))
    assert.deepStrictEqual(snapshotXmin("x"), Option.none())
  })
})
