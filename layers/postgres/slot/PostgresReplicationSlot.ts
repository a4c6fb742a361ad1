/** Administration of the logical slot, through PostgreSQL's SQL functions. */
import { Effect, Layer, Option } from "effect"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import {
  type LivenessLock,
  type LockHolder,
  ReplicationSlot,
  type SlotDrop,
} from "../../../src/services/source/ReplicationSlot.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import { describeAddress, type PostgresSession } from "../connection/PostgresSession.ts"
import { readSlotFacts } from "../inspection/PostgresInspection.ts"
import { plugin, slotStateReader, subjectOf } from "./PostgresSlotState.ts"
import { lockHolderSql, slotLocks, unfenced } from "./SlotLocks.ts"

/** A new slot waits for every open transaction. After this time a person should know. */
const createTimeout = "60s"

export const layer = (address: SourceAddress, slot: string): Layer.Layer<ReplicationSlot> => {
  const subject = subjectOf(slot)
  const { state } = slotStateReader(address, slot)
  const briefly = <A>(use: (session: PostgresSession) => Effect.Effect<A, SourceError>) =>
    Effect.scoped(Effect.flatMap(connectToPrimary(address, "slot"), use))

  const create = briefly((session) =>
    Effect.gen(function* () {
      if (Option.isSome(yield* state(session))) return false
      const [setting] = yield* session.query("server", "SHOW wal_level")
      if (setting?.["wal_level"] !== "logical") {
        const detail = `wal_level is ${setting?.["wal_level"]}`
        return yield* new SourceError({ reason: "WalLevel", subject: describeAddress(address), detail })
      }
      yield* session.query(subject, `SET lock_timeout = 0; SET statement_timeout = '${createTimeout}'`)
      yield* session.query(subject, "SELECT pg_create_logical_replication_slot($1, $2)", [slot, plugin]).pipe(
        Effect.catchIf(
          (error) => error.reason === "Interrupted",
          ({ detail }) => new SourceError({ reason: "OpenTransactions", subject, detail }),
        ),
      )
      return true
    }),
  )

  const inUse = (session: PostgresSession) =>
    Effect.map(
      readSlotFacts(session, slot),
      (found): SlotDrop => ({
        by: found.writer.pipe(
          Option.orElse(() => Option.fromNullishOr(found.processes[0])),
          Option.orElse(() => Option.flatMap(found.slot, ({ reader }) => reader)),
        ),
      }),
    )

  const drop = briefly((session) =>
    Effect.gen(function* (): Effect.fn.Return<SlotDrop, SourceError> {
      if (Option.isNone(yield* state(session))) return "missing"
      // Held until the session ends: a `cdc` that starts meanwhile waits, and then finds no slot.
      if (!(yield* slotLocks(session, slot).takesAllLocks)) return yield* inUse(session)
      yield* session.query(subject, "SELECT pg_drop_replication_slot($1)", [slot])
      return "dropped"
    }).pipe(
      // A reader that is not ours holds none of our locks.
      Effect.catchIf(
        (error) => error.reason === "SlotInUse",
        () => inUse(session),
      ),
    ),
  )

  const lockHolder = briefly((session) =>
    Effect.map(session.query(subject, lockHolderSql("$1"), [slot]), ([row]) =>
      row === undefined
        ? Option.none<LockHolder>()
        : Option.some<LockHolder>({
            pid: Number(row["pid"]),
            application: row["application"] ?? "",
            isSlotActive: row["reading"] === "t",
            idleSeconds: Option.map(Option.fromNullishOr(row["seconds"]), Number),
          }),
    ),
  )

  const unfencedProcesses = briefly((session) =>
    Effect.map(session.query(subject, unfenced("$1"), [slot]), (rows) =>
      rows.map((row) => ({ pid: Number(row["pid"]), application: row["application_name"] ?? "" })),
    ),
  )

  const takeLivenessLock = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "cdc presence")
    const isLocked = yield* slotLocks(session, slot).takesLivenessLock
    return isLocked ? Option.some<LivenessLock>({ ended: session.ended }) : Option.none<LivenessLock>()
  })

  return Layer.succeed(
    ReplicationSlot,
    ReplicationSlot.of({
      name: slot,
      create,
      state: briefly(state),
      drop,
      lockHolder,
      unfencedProcesses,
      takeLivenessLock,
    }),
  )
}
