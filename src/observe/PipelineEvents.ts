/** Where the pipeline publishes its events. */
import { Clock, Context, Effect } from "effect"
import { printLogLine } from "./LogLine.ts"
import type { PipelineEvent } from "./PipelineEvent.ts"

/**
 * By default an event becomes its log line and nothing else: `verify` or a test needs no more, and nothing is kept.
 * `ObservedPipeline.ts` has the implementation for `full` and `cdc`.
 */
export const PipelineEvents = Context.Reference<{
  /** Never fails and never waits for anything. Called once a chunk, table or batch, never once a row. */
  readonly publish: (event: PipelineEvent) => Effect.Effect<void>
}>("afluente/observe/PipelineEvents", { defaultValue: () => ({ publish: printLogLine }) })

/** Publishes an event of this moment. */
export const publish = (event: (at: number) => PipelineEvent): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(PipelineEvents).publish(event(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())),
  )
