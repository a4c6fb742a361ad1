import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import type { DatasetState } from "../../../src/core/lake/DatasetState.ts"
import type { DatasetStatus } from "../../../src/status/DatasetStatus.ts"
import { listedDatasets } from "../../../src/status/ListedDatasets.ts"

const dataset = (i: number, state: DatasetState): DatasetStatus => ({
  dataset: `d${i}`,
  table: { schema: "s", name: `t${i}` },
  newest: Option.some({ key: `k${i}`, bytes: 1, writtenAt: i }),
  copy: Option.none(),
  completeness: Option.some({ state, from: Option.none(), reason: Option.none() }),
  advice: state === "followed" ? Option.none() : Option.some("Run full."),
})
const many = (count: number, state: DatasetState, from = 0) =>
  Array.from({ length: count }, (_, i) => dataset(from + i, state))

describe("the datasets that status shows", () => {
  it("are all of them, where they are few", () => {
    const all = many(40, "followed")
    assert.deepStrictEqual(listedDatasets(all), { datasets: all, others: undefined })
  })

  it("are those that need something and the latest, where they are many", () => {
    const all = [...many(1000, "followed"), ...many(30, "waiting for full", 1000)]
    const { datasets, others } = listedDatasets(all)
    assert.deepStrictEqual(
      datasets.map((one) => one.dataset),
      [...many(20, "followed", 980), ...many(20, "waiting for full", 1000)].map((one) => one.dataset),
    )
    assert.strictEqual(
      others,
      "and 990 datasets more (980 followed, 10 waiting for full): `status --json` lists them all",
    )
  })
})
