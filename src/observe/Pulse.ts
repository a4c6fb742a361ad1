/** Tells the vitals of each piece that comes from the source or is taken by the lake: a batch that hangs is known by it. */
import { Clock, Effect, Stream } from "effect"
import { ObjectStore } from "../services/lake/ObjectStore.ts"
import type { SlotSession } from "../services/source/ReplicationSlot.ts"
import { Vitals } from "../services/Vitals.ts"

const beat = Effect.gen(function* () {
  const vitals = yield* Vitals
  vitals.moves(yield* Clock.currentTimeMillis)
})

/** The session, whose answers are felt. */
export const feltSession = (session: SlotSession): SlotSession => ({
  ...session,
  peek: (request) => Stream.tap(session.peek(request), () => beat),
})

/** The lake, whose growing objects are felt. */
export const feltLake = Effect.map(ObjectStore, (store) =>
  ObjectStore.of({
    ...store,
    create: (key, how) =>
      Effect.map(store.create(key, how), (writer) => ({
        ...writer,
        write: (bytes) => Effect.tap(writer.write(bytes), beat),
      })),
  }),
)
