/** The logical slot of the PostgreSQL in memory. */
import { Clock, Effect, Layer, Option } from "effect"
import {
  type LivenessLock,
  type LockHolder,
  ReplicationSlot,
  type SlotDrop,
} from "../../../src/services/source/ReplicationSlot.ts"
import { MemoryPostgres } from "../postgres/MemoryPostgres.ts"

/** The lock that the processes of versions before the fence share. */
export const unfencedLock = (slot: string): string => `${slot}/present`

export const layer = (name: string): Layer.Layer<ReplicationSlot, never, MemoryPostgres> =>
  Layer.effect(
    ReplicationSlot,
    Effect.gen(function* () {
      const server = yield* MemoryPostgres
      const { slots, sessions } = server
      const connect = sessions.connect("cdc")
      const livenessLock = `${name}/lives`
      const unfenced = unfencedLock(name)
      const unfencedProcesses = () =>
        sessions.holdersTogether(unfenced).map(({ pid, purpose }) => ({ pid, application: purpose }))
      const takeLivenessLock = Effect.map(sessions.connect("cdc presence"), (session) =>
        sessions.tryLockShared(livenessLock, session)
          ? Option.some<LivenessLock>({ ended: sessions.ended(session) })
          : Option.none<LivenessLock>(),
      )

      const lockHolder = Effect.map(Clock.currentTimeMillis, (now) =>
        Option.map(
          Option.fromUndefinedOr(sessions.holder(name)),
          ({ pid, purpose, askedAt }): LockHolder => ({
            pid,
            application: `afluente ${purpose}`,
            // A read takes no time here.
            isSlotActive: false,
            idleSeconds: Option.some((now - askedAt) / 1000),
          }),
        ),
      )

      const briefly = <A>(use: Effect.Effect<A>) => Effect.scoped(Effect.andThen(connect, use))
      return ReplicationSlot.of({
        name,
        create: briefly(Effect.sync(() => slots.create(name))),
        state: briefly(Effect.sync(() => slots.state(name))),
        drop: Effect.scoped(
          Effect.map(connect, (session): SlotDrop => {
            if (slots.find(name) === undefined) return "missing"
            const isAlone = [livenessLock, unfenced, name].every((lock) => sessions.tryLock(lock, session))
            if (!isAlone) return { by: Option.none() }
            slots.drop(name)
            return "dropped"
          }),
        ),
        lockHolder: Effect.scoped(Effect.andThen(connect, lockHolder)),
        unfencedProcesses: briefly(Effect.sync(unfencedProcesses)),
        takeLivenessLock,
      })
    }),
  )
