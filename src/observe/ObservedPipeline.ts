/** Keeps the status of `full` or `cdc`, counts its metrics and logs its lines while it runs. */
import { Clock, Context, Effect, Layer } from "effect"
import { printLogLine } from "./LogLine.ts"
import type { PipelineEvent } from "./PipelineEvent.ts"
import { PipelineEvents } from "./PipelineEvents.ts"
import { record, samplesOf } from "./PipelineMetrics.ts"
import { initialStatus, nextStatus, type PipelineStatus } from "./PipelineStatus.ts"

/** The status of the pipeline that runs in this process. */
export class CurrentStatus extends Context.Service<
  CurrentStatus,
  { readonly get: Effect.Effect<PipelineStatus> }
>()("afluente/observe/CurrentStatus") {}

/** The pipeline starts when the layer is built. */
export const layer: Layer.Layer<CurrentStatus> = Layer.effectContext(
  Effect.gen(function* () {
    let status = initialStatus(yield* Clock.currentTimeMillis)
    const publish = (event: PipelineEvent) =>
      Effect.suspend(() => {
        status = nextStatus(status, event)
        const samples = samplesOf(event)
        const line = printLogLine(event)
        return samples.length === 0 ? line : Effect.andThen(record(samples), line)
      })
    return Context.make(CurrentStatus, { get: Effect.sync(() => status) }).pipe(
      Context.add(PipelineEvents, { publish }),
    )
  }),
)
