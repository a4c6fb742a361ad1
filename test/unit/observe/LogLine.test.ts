/** The log lines of events. */
import { assert, describe, it } from "@effect/vitest"
import { logLine } from "../../../src/observe/LogLine.ts"
import type { PipelineEvent } from "../../../src/observe/PipelineEvent.ts"
import {
  batchWritten,
  retryBegan,
  second,
  slotChecked,
  tableCopied,
  twoDatasets,
} from "../../support/memory/pipelineEvents.ts"

/** As `logfmt` prints it, without time and fiber. */
const printed = (event: PipelineEvent): string | undefined => {
  const line = logLine(event)
  if (line === undefined) return undefined
  const facts = Object.entries(line.facts).map(([name, value]) => ` ${name}=${value}`)
  return `${line.level} ${line.message}${facts.join("")}`
}

const cases: ReadonlyArray<readonly [string, PipelineEvent, string | undefined]> = [
  [
    "of a batch says what it wrote, how old its oldest commit had become and how long it took",
    batchWritten(10, 13, twoDatasets),
    "Info cdc: batch written rows=clientes:3,pedidos:1 objects=3 bytes=321 position=16/B374D848 lagSeconds=9 millis=3000",
  ],
  [
    "of a batch without rows of ours is for debugging",
    batchWritten(10, 13, []),
    "Debug cdc: nothing of ours in the WAL position=16/B374D848",
  ],
  [
    "of a copied table names its object",
    tableCopied,
    "Info full: table written dataset=clientes rows=3 bytes=42 object=full/a.csv",
  ],
  [
    "of the first failure says for how long it is retried",
    retryBegan("lake", 3),
    "Warn away tryingAgainFor=1m",
  ],
  [
    "of the first failure says that it is retried until it works",
    retryBegan("lake", 3, { isLimited: false }),
    "Warn away tryingAgainFor=ever",
  ],
  ["of a later failure is none", retryBegan("lake", 3, { failures: 2 }), undefined],
  [
    "of a recovery says how long it took",
    { _tag: "Recovered", at: second(65), since: second(3) },
    "Info Working again after=1m 2s",
  ],
  ["of a check of the slot is none", slotChecked(1, 2n, 1n), undefined],
]

describe("the log line", () => {
  for (const [what, event, line] of cases) {
    it(what, () => {
      assert.strictEqual(printed(event), line)
    })
  }

  it("of a batch shows no negative lag where the server's clock is ahead of this one", () => {
    assert.include(printed(batchWritten(1, 2, twoDatasets)), "lagSeconds=0 ")
  })
})
