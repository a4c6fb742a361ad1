/** Updates the gauges. Run it before a scrape or an export. */
import { Clock, Effect } from "effect"
import { CurrentStatus } from "../../src/observe/ObservedPipeline.ts"
import { gaugesOf, record } from "../../src/observe/PipelineMetrics.ts"

export const updateGauges = Effect.gen(function* () {
  const status = yield* (yield* CurrentStatus).get
  yield* record(gaugesOf(status, yield* Clock.currentTimeMillis))
})
