import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import {
  type DatasetFacts,
  type DatasetState,
  datasetState,
  snapshotXmin,
} from "../../src/core/lake/DatasetState.ts"
import { bare, type FromReason, type Watermark } from "../../src/core/lake/Watermark.ts"

const lsn = Lsn.Lsn.make(100n)
const tables = new Map([["clientes", { name: "db_loja.cliente", oid: 1 }]])
const since = (reason: FromReason) =>
  new Map([["clientes", { lsn, since: Option.some({ xid: 700n, reason }) }]])

const cases: ReadonlyArray<
  readonly [string, Partial<Watermark>, Partial<DatasetFacts>, DatasetState, FromReason | undefined]
> = [
  [
    "it was there from the lake's beginning",
    { tables, from: new Map([["clientes", { lsn, since: Option.none() }]]) },
    {},
    "followed",
    undefined,
  ],
  ["it came later and has no copy", { tables, from: since("new") }, {}, "waiting for full", "new"],
  [
    "its copy is older",
    { tables, from: since("new") },
    { xmin: Option.some(699n) },
    "waiting for full",
    "new",
  ],
  [
    "its copy saw all before it",
    { tables, from: since("new") },
    { xmin: Option.some(700n) },
    "followed",
    undefined,
  ],
  ["it came again", { tables, from: since("again") }, {}, "waiting for full", "again"],
  [
    "its table was replaced",
    { tables, from: since("replaced") },
    { xmin: Option.some(1n) },
    "needs full",
    "replaced",
  ],
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
]

describe("the state of a dataset", () => {
  for (const [facts, watermark, given, state, reason] of cases) {
    it(`is "${state}": ${facts}`, () => {
      const found = datasetState({
        watermark: { ...bare(lsn), ...watermark },
        dataset: "clientes",
        isConfigured: true,
        isInLake: false,
        xmin: Option.none(),
        ...given,
      })
      assert.deepStrictEqual(
        { state: found.state, reason: Option.getOrUndefined(found.reason) },
        { state, reason },
      )
    })
  }

  it("takes the oldest transaction that a snapshot does not see", () => {
    assert.deepStrictEqual(snapshotXmin("3623:3625:3624"), Option.some(3623n))
    assert.deepStrictEqual(snapshotXmin("x"), Option.none())
  })
})
