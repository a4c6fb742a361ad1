/** Which samples events add, and what the gauges show after them. */
import { assert, describe, it } from "@effect/vitest"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import { firstSamples, gaugesOf, type Sample, samplesOf } from "../../../src/observe/PipelineMetrics.ts"
import {
  batchWritten,
  retryBegan,
  second,
  slotChecked,
  statusAfter,
  tableCopied,
  twoDatasets,
} from "../../support/memory/pipelineEvents.ts"

/** `name{label="value"} 3`, as `/metrics` prints a series. */
const printed = (samples: ReadonlyArray<Sample>): ReadonlyArray<string> =>
  samples.map(({ metric, labels, value }) => {
    const pairs = Object.entries(labels).map(([name, text]) => `${name}="${text}"`)
    return `${metric}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
  })

const cases: ReadonlyArray<readonly [string, PipelineEvent, ReadonlyArray<string>]> = [
  [
    "rows by operation, objects and bytes of each dataset, once they are visible",
    { _tag: "ObjectsPublished", at: second(1), datasets: twoDatasets },
    [
      'afluente_changes_total{dataset="clientes",op="I"} 1',
      'afluente_changes_total{dataset="clientes",op="U"} 2',
      'afluente_changes_total{dataset="clientes",op="D"} 0',
      'afluente_changes_total{dataset="clientes",op="T"} 0',
      'afluente_objects_total{dataset="clientes"} 2',
      'afluente_bytes_total{dataset="clientes"} 320',
      'afluente_changes_total{dataset="pedidos",op="I"} 0',
      'afluente_changes_total{dataset="pedidos",op="U"} 0',
      'afluente_changes_total{dataset="pedidos",op="D"} 0',
      'afluente_changes_total{dataset="pedidos",op="T"} 1',
      'afluente_objects_total{dataset="pedidos"} 1',
      'afluente_bytes_total{dataset="pedidos"} 1',
    ],
  ],
  [
    "how long a batch took, and not its rows again",
    batchWritten(10, 13, twoDatasets),
    ["afluente_batch_seconds 3"],
  ],
  ["nothing of a batch without rows of ours", batchWritten(10, 13, []), []],
  [
    "an object of full and its bytes",
    tableCopied,
    ['afluente_objects_total{dataset="clientes"} 1', 'afluente_bytes_total{dataset="clientes"} 42'],
  ],
  [
    "each failure that is retried",
    retryBegan("lake", 3, { failures: 7 }),
    ['afluente_retries_total{service="lake"} 1'],
  ],
  ["nothing of a chunk", { _tag: "ChunkReceived", at: second(1) }, []],
]

describe("the counters", () => {
  for (const [what, event, samples] of cases) {
    it(`count ${what}`, () => {
      assert.deepStrictEqual(printed(samplesOf(event)), samples)
    })
  }

  it("begin at 0 with every series", () => {
    assert.deepStrictEqual(printed(firstSamples(["t"])), [
      'afluente_changes_total{dataset="t",op="I"} 0',
      'afluente_changes_total{dataset="t",op="U"} 0',
      'afluente_changes_total{dataset="t",op="D"} 0',
      'afluente_changes_total{dataset="t",op="T"} 0',
      'afluente_objects_total{dataset="t"} 0',
      'afluente_bytes_total{dataset="t"} 0',
      'afluente_retries_total{service="source"} 0',
      'afluente_retries_total{service="lake"} 0',
    ])
  })
})

describe("the gauges", () => {
  it("show no bytes before the slot was checked", () => {
    assert.deepStrictEqual(printed(gaugesOf(statusAfter([]), second(9))), [
      "afluente_standby 0",
      "afluente_lag_seconds 0",
      "afluente_last_success_timestamp_seconds 1762164930",
    ])
  })

  it("show lag, retained WAL and the last success of a writer that is behind", () => {
    const status = statusAfter([slotChecked(0, 1000n, 1000n), slotChecked(10, 3000n, 1000n)])
    assert.deepStrictEqual(printed(gaugesOf(status, second(12))), [
      "afluente_standby 0",
      "afluente_lag_seconds 12",
      "afluente_lag_bytes 2000",
      "afluente_retained_wal_bytes 2900",
      "afluente_last_success_timestamp_seconds 1762164930",
    ])
  })

  it("show a standby", () => {
    const status = statusAfter([{ _tag: "StandbyBegan", at: second(1) }])
    assert.include(printed(gaugesOf(status, second(2))), "afluente_standby 1")
  })
})
