/** Reads the state of the slot and of the WAL, and checks that the slot is one of ours. */
import { Effect, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"
import type { SlotView } from "../../../src/services/source/ChangeSource.ts"
import type { SlotState } from "../../../src/services/source/ReplicationSlot.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import { checkProcess } from "../connection/PostgresPooler.ts"
import { describeAddress, type PostgresSession, type Row } from "../connection/PostgresSession.ts"

export const plugin = "test_decoding"

/** Returns zero if the text is no LSN. */
export const lsnOf = (value: string | null | undefined): Lsn.Lsn =>
  Option.getOrElse(Lsn.parse(value ?? ""), () => Lsn.zero)

/** Returns the slot's name for messages. */
export const subjectOf = (slot: string): string => `slot "${slot}"`

/** The beginning of the state query. `status` recognizes it among the statements of a writer's session. */
export const stateQueryStart = "SELECT pg_current_wal_flush_lsn()"

/** Returns one row always. Its slot columns are NULL if there is no such slot. */
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

export interface SlotStateReader {
  /** Returns none if there is no such slot. Fails with `SlotPlugin` or `SlotDatabase` if it is not ours. */
  readonly state: (session: PostgresSession) => Effect.Effect<Option.Option<SlotState>, SourceError>
  /** Returns the slot and the flushed WAL position, read by one statement. */
  readonly readState: (session: PostgresSession) => Effect.Effect<SlotView, SourceError>
}

export const slotStateReader = (address: SourceAddress, slot: string): SlotStateReader => {
  const subject = subjectOf(slot)
  const ask = (session: PostgresSession) =>
    Effect.tap(session.query(subject, stateSql, [slot]), ([row]) =>
      checkProcess(session, describeAddress(address), row?.["pid"]),
    )
  return {
    state: (session) => Effect.flatMap(ask(session), (rows) => ownSlot(subject, rows)),
    readState: (session) =>
      Effect.flatMap(ask(session), (rows) =>
        Effect.map(ownSlot(subject, rows), (found) => ({
          slot: found,
          flushed: lsnOf(rows[0]?.["flushed"]),
        })),
      ),
  }
}
