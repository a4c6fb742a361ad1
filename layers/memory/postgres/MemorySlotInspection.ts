/** What `status` asks, answered by the PostgreSQL in memory. */
import { Clock, Effect, Layer, Option } from "effect"
import { type SlotActivity, SlotInspection } from "../../../src/services/source/SlotInspection.ts"
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
      const { wal, sessions, slots } = server

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

      const readState = Effect.map(Clock.currentTimeMillis, (now): SlotActivity => {
        const writer = Option.fromUndefinedOr(sessions.holder(name))
        return {
          slot: slot(),
          writer: Option.map(writer, factsOf),
          present: sessions.holdersTogether(`${name}/lives`).map(factsOf),
          flushed: wal.flushed,
          source: server.identity,
          // Statements take no time either: a session is idle, after its last look.
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
