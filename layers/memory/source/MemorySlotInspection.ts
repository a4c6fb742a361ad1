/** The queries of `status` on the PostgreSQL in memory. */
import { Clock, Effect, Layer, Option } from "effect"
import { type SlotActivity, SlotInspection } from "../../../src/services/source/SlotInspection.ts"
import { MemoryPostgres } from "../postgres/MemoryPostgres.ts"
import { slotSnapshot } from "./MemorySourceInspection.ts"

/** The slot is the one of `MemoryReplicationSlot.layer` with the same name. */
export const layer = (name: string): Layer.Layer<SlotInspection, never, MemoryPostgres> =>
  Layer.effect(
    SlotInspection,
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const { sessions } = server

      const readState = Effect.map(Clock.currentTimeMillis, (now): SlotActivity => {
        const writer = Option.fromUndefinedOr(sessions.holder(name))
        return {
          ...slotSnapshot(server, name),
          source: server.identity,
          // Statements take no time here: a session is always idle after its last one.
          activity: Option.map(writer, ({ askedAt }) => ({
            isIdle: true,
            seconds: (now - askedAt) / 1000,
          })),
        }
      })
      const asking = <A, E>(answer: Effect.Effect<A, E>) =>
        Effect.scoped(Effect.andThen(sessions.connect("status"), answer))

      return SlotInspection.of({
        location: `${server.identity.database} in memory`,
        slot: name,
        readState: asking(readState),
        relations: (asked) => asking(Effect.sync(() => server.relations(asked))),
      })
    }),
  )
