/** Publishes each chunk that the source sends or the lake accepts: a batch without such events hangs. */
import { Effect } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { ChangeSession } from "../services/source/ChangeSource.ts"
import { publish } from "./PipelineEvents.ts"

const received = publish((at) => ({ _tag: "ChunkReceived", at }))
const written = publish((at) => ({ _tag: "ChunkWritten", at }))

/** Returns a session that publishes the chunks that it receives. */
export const reportingReads = (session: ChangeSession): ChangeSession => ({
  ...session,
  readTransactions: (request, sink) => {
    const onChunk = Effect.andThen(received, request.onChunk ?? Effect.void)
    return session.readTransactions({ ...request, onChunk }, sink)
  },
})

/** A lake that publishes the chunks that it accepts. */
const reportingWrites = Effect.map(ObjectStore, (store) =>
  ObjectStore.of({
    ...store,
    create: (key, how) =>
      Effect.map(store.create(key, how), (writer) => ({
        ...writer,
        write: (bytes) => Effect.tap(writer.write(bytes), written),
      })),
  }),
)

/** Runs with a lake that publishes the chunks that it accepts. */
export const reportingActivity = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(work, ObjectStore, reportingWrites)
