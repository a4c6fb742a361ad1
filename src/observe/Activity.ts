/** Reports each chunk that comes from the source or is taken by the lake: without them, a batch hangs. */
import { Effect } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { ChangeSession } from "../services/source/ChangeSource.ts"
import { publish } from "./PipelineEvents.ts"

const received = publish((at) => ({ _tag: "ChunkReceived", at }))
const written = publish((at) => ({ _tag: "ChunkWritten", at }))

/** The session, which reports the chunks that it receives. */
export const reportingReads = (session: ChangeSession): ChangeSession => ({
  ...session,
  readTransactions: (request, sink) => session.readTransactions({ ...request, onChunk: received }, sink),
})

/** The lake, which reports the chunks that it takes. */
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

/** Runs with a lake that reports the chunks that it takes. */
export const reportingActivity = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(work, ObjectStore, reportingWrites)
