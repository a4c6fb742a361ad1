/** Where the pipeline publishes its events. */
import { Clock, Context, Effect } from "effect"
import { printLogLine } from "./LogLine.ts"
import type { PipelineEvent } from "./PipelineEvent.ts"

/**
 * By default an event is only logged: `verify` or a test needs no more.
 * `ObservedPipeline.ts` has the implementation for `full` and `cdc`.
 */
export const PipelineEvents = Context.Reference<{
  /** Never fails and never waits. Called once per chunk, table or batch, never per row. */
  readonly publish: (event: PipelineEvent) => Effect.Effect<void>
}>("afluente/observe/PipelineEvents", { defaultValue: () => ({ publish: printLogLine }) })

/** Publishes an event with the present time. */
export const publish = (event: (at: number) => PipelineEvent): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(PipelineEvents).publish(event(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())),
  )
