/** The logical slot, through PostgreSQL's SQL functions. */
import { Effect, Layer, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import {
  type LivenessLock,
  type LockHolder,
  ReplicationSlot,
  type SlotDrop,
  type SlotSession,
  type SlotState,
} from "../../../src/services/source/ReplicationSlot.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { checkProcess } from "../connection/PostgresPooler.ts"
import { connectToPrimary } from "../connection/PostgresPrimary.ts"
import { describeAddress, type PostgresSession, type Row } from "../connection/PostgresSession.ts"
import { readSlotFacts } from "../inspection/PostgresInspection.ts"
import { keptColumns, unknownNames } from "../tables/PostgresKnownNames.ts"
import { newXid, oldestXid, relations, timelineOf } from "../tables/PostgresRelations.ts"
import { identify } from "../tables/PostgresTableDescription.ts"
import { flushedTo, peek } from "./PostgresPeek.ts"
import { lockHolderSql, slotLocks, unfenced } from "./SlotLocks.ts"

const plugin = "test_decoding"

/** A decode of this length is stuck: the server ends it even if our end of the connection hangs. */
const peekTimeout = "1h"

/** A new slot waits for every open transaction: longer than this, a person should know. */
const createTimeout = "60s"

const lsnOf = (value: string | null | undefined): Lsn.Lsn =>
  Option.getOrElse(Lsn.parse(value ?? ""), () => Lsn.zero)

/** How a look begins: by this `status` knows it among what a writer's session has asked. */
export const stateQueryStart = "SELECT pg_current_wal_flush_lsn()"

/** One row always, its slot's columns NULL where there is no such slot. */
const stateSql = `${stateQueryStart}::text AS flushed, slot.slot_name AS name, slot.plugin, slot.wal_status, slot.database,
         slot.database = current_database() AS here, slot.confirmed_flush_lsn::text AS confirmed,
         slot.restart_lsn::text AS restart, pg_backend_pid()::text AS pid
    FROM (SELECT $1::text AS wanted) AS one LEFT JOIN pg_replication_slots AS slot ON slot.slot_name = wanted`

const ownSlot = (
  subject: string,
  rows: ReadonlyArray<Row>,
): Effect.Effect<Option.Option<SlotState>, SourceError> => {
  const row = rows[0]
  if (row?.["name"] == null) return Effect.succeed(Option.none())
  if (row["plugin"] !== plugin) {
    const detail = `it belongs to ${row["plugin"] ?? "physical replication"}, not to ${plugin}`
    return Effect.fail(new SourceError({ reason: "SlotPlugin", subject, detail }))
  }
  if (row["here"] !== "t") {
    const detail = `it was made in the database "${row["database"]}"`
    return Effect.fail(new SourceError({ reason: "SlotDatabase", subject, detail }))
  }
  return Effect.succeedSome({
    confirmed: lsnOf(row["confirmed"]),
    restart: Lsn.parse(row["restart"] ?? ""),
    walStatus: row["wal_status"] ?? "",
  })
}

export const layer = (address: SourceAddress, slot: string): Layer.Layer<ReplicationSlot> => {
  const subject = `slot "${slot}"`
  const ask = (session: PostgresSession) =>
    Effect.tap(session.query(subject, stateSql, [slot]), ([row]) =>
      checkProcess(session, describeAddress(address), row?.["pid"]),
    )
  const state = (session: PostgresSession) => Effect.flatMap(ask(session), (rows) => ownSlot(subject, rows))
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

  const readState = (session: PostgresSession) =>
    Effect.flatMap(ask(session), (rows) =>
      Effect.map(ownSlot(subject, rows), (found) => ({
        slot: found,
        flushed: lsnOf(rows[0]?.["flushed"]),
      })),
    )

  /** What everybody can do who reads the slot, with or without the right to confirm. */
  const reading = Effect.fnUntraced(function* (session: PostgresSession) {
    yield* session.query(subject, `SET statement_timeout = '${peekTimeout}'`)
    return {
      source: yield* identify(session),
      timeline: yield* timelineOf(session),
      relations: relations(session),
      unknownNames: unknownNames(session),
      keptColumns: keptColumns(session),
      readState: readState(session),
      peek: peek(session, subject, slot),
    }
  })

  const visit = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "verify")
    return {
      ...(yield* reading(session)),
      flushedTo: (lsn: Lsn.Lsn) => flushedTo(session, lsn),
    }
  })

  const inUse = (session: PostgresSession) =>
    Effect.map(
      readSlotFacts(session, slot),
      (found): SlotDrop => ({
        by: found.writer.pipe(
          Option.orElse(() => Option.fromNullishOr(found.present[0])),
          Option.orElse(() => Option.flatMap(found.slot, ({ reader }) => reader)),
        ),
      }),
    )

  const drop = briefly((session) =>
    Effect.gen(function* (): Effect.fn.Return<SlotDrop, SourceError> {
      if (Option.isNone(yield* state(session))) return "missing"
      // Held until the session ends: a `cdc` that starts meanwhile waits, and finds no slot.
      if (!(yield* slotLocks(session, slot).takesAllLocks)) return yield* inUse(session)
      yield* session.query(subject, "SELECT pg_drop_replication_slot($1)", [slot])
      return "dropped"
    }).pipe(
      // A reader of another kind holds no lock of ours.
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

  /** `pid` is that of the session which must hold the lock. */
  const readStateElsewhere = (pid: string) =>
    briefly((session) =>
      Effect.gen(function* () {
        if (yield* slotLocks(session, slot).isWrittenBy(pid)) return yield* readState(session)
        const detail = "the writer's session has ended, and its lock with it"
        return yield* new SourceError({ reason: "Interrupted", subject, detail })
      }),
    )

  const takeLivenessLock = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "cdc presence")
    const isLocked = yield* slotLocks(session, slot).takesLivenessLock
    return isLocked ? Option.some<LivenessLock>({ ended: session.ended }) : Option.none<LivenessLock>()
  })

  const attach = Effect.gen(function* () {
    const session = yield* connectToPrimary(address, "cdc")
    if (!(yield* slotLocks(session, slot).takesWriterLock)) return Option.none<SlotSession>()
    return Option.some<SlotSession>({
      ...(yield* reading(session)),
      readStateElsewhere: readStateElsewhere(session.server.pid),
      ended: session.ended,
      newXid: newXid(session),
      oldestXid: oldestXid(session),
      advance: (lsn) =>
        Effect.map(
          session.query(subject, "SELECT end_lsn::text AS lsn FROM pg_replication_slot_advance($1, $2)", [
            slot,
            Lsn.print(lsn),
          ]),
          (rows) => lsnOf(rows[0]?.["lsn"]),
        ),
    })
  })

  return Layer.succeed(
    ReplicationSlot,
    ReplicationSlot.of({
      name: slot,
      create,
      state: briefly(state),
      drop,
      attach,
      lockHolder,
      unfencedProcesses,
      takeLivenessLock,
      visit,
    }),
  )
}
