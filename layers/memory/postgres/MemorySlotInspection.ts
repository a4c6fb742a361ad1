/** What `status` asks, answered by the PostgreSQL in memory. */
import { Clock, Effect, Layer, Option } from "effect"
import { SlotInspection, type SlotMoment } from "../../../src/services/source/SlotInspection.ts"
import type { SessionFacts, SlotFacts } from "../../../src/services/source/SourceInspection.ts"
import { MemoryPostgres } from "./MemoryPostgres.ts"
import type { MemorySession } from "./MemorySessions.ts"

const factsOf = ({ pid, purpose }: MemorySession): SessionFacts => ({
  pid,
  application: `afluente ${purpose}`,
})

/** The slot is the one of `MemoryReplicationSlot.layer` with the same name. */
export const layer = (name: string): Layer.Layer<SlotInspection, never, MemoryPostgres> =>
  Layer.effect(
    SlotInspection,
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const { log, sessions, slots } = server

      const slot = (): Option.Option<SlotFacts> =>
        Option.map(Option.fromUndefinedOr(slots.find(name)), ({ confirmed, walStatus }) => ({
          plugin: Option.some("test_decoding"),
          database: Option.some(server.identity.database),
          isHere: true,
          walStatus,
          confirmed,
          restart: walStatus === "lost" ? Option.none() : Option.some(confirmed),
          safeBytes: Option.none(),
          // A peek takes no time here.
          reader: Option.none(),
        }))

      const look = Effect.map(Clock.currentTimeMillis, (now): SlotMoment => {
        const writer = Option.fromUndefinedOr(sessions.holder(name))
        return {
          slot: slot(),
          writer: Option.map(writer, factsOf),
          present: sessions.holdersTogether(`${name}/lives`).map(factsOf),
          flushed: log.flushed,
          source: server.identity,
          // Statements take no time either: whoever has a session is idle, and has looked.
          activity: Option.map(writer, ({ askedAt }) => ({
            hasLooked: true,
            seconds: (now - askedAt) / 1000,
          })),
        }
      })
      const asking = <A, E>(answer: Effect.Effect<A, E>) =>
        Effect.scoped(Effect.andThen(sessions.connect("status"), answer))

      return SlotInspection.of({
        location: `${server.identity.database} in memory`,
        slot: name,
        look: asking(look),
        relations: (asked) => asking(Effect.sync(() => server.relations(asked))),
      })
    }),
  )
