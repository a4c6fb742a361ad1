/** The logical slot, through PostgreSQL's SQL functions. */
import { Effect, Layer, Option, Schedule, Stream } from "effect"
import * as Lsn from "../src/core/Lsn.ts"
import { SlotLine } from "../src/core/SlotLine.ts"
import type { SourceAddress } from "../src/core/SourceAddress.ts"
import type { TableName } from "../src/core/SourceTable.ts"
import {
  type PeekRequest,
  type Presence,
  ReplicationSlot,
  type SlotDrop,
  type SlotSession,
  type SlotState,
} from "../src/services/ReplicationSlot.ts"
import { SourceError } from "../src/services/SourceError.ts"
import { copyBinaryReader } from "./CopyBinary.ts"
import { lookAtSlot } from "./PostgresInspection.ts"
import { connect, describeAddress, type PostgresSession, type Row } from "./PostgresSession.ts"
import { identify } from "./PostgresTableShape.ts"
import { slotLocks } from "./SlotLocks.ts"

const plugin = "test_decoding"

/** A decode of this length is stuck: the server is told to end it even if our end of the connection hangs. */
const peekTimeout = "1h"

/** A new slot waits for every open transaction: longer than this, a person should know. */
const createTimeout = "60s"

const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * Lines of tables that nobody asked for stay on the server; they are numbered before, so `seq` does not depend on it.
 * So does BEGIN, which says nothing that COMMIT does not: a third of the lines where transactions are of one row.
 * A TRUNCATE names several tables on one line, so each of them is let through (they end with their flags).
 * Of a message only the line is needed, for the bound: what it holds may be any bytes, and where the database is not in
 * UTF-8, the server fails to convert some.
 * COPY takes no parameters: the names are literals here, quoted once as text and once by `quote_ident`, with which
 * the plugin itself prints them.
 */
const concerns = (tables: ReadonlyArray<TableName>): string =>
  [
    "NOT (starts_with(data, 'table ') OR starts_with(data, 'BEGIN '))",
    ...tables.map(
      ({ schema, name }) =>
        `starts_with(data, 'table ' || quote_ident(${quoteLiteral(schema)}) || '.' || quote_ident(${quoteLiteral(name)}) || ': ')`,
    ),
    "right(data, 60) LIKE '%: TRUNCATE:%'",
  ].join(" OR ")

export const peekSql = (slot: string, request: PeekRequest): string =>
  `COPY (SELECT lsn, ordinality, CASE WHEN starts_with(data, 'message: ') THEN 'message:' ELSE data END
           FROM pg_logical_slot_peek_changes(${quoteLiteral(slot)}, ${quoteLiteral(Lsn.print(request.upTo))}, ${request.maxLines},
                'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')
                WITH ORDINALITY AS line(lsn, xid, data, ordinality)
          WHERE ${concerns(request.tables)}) TO STDOUT (FORMAT binary)`

const lsnOf = (value: string | null | undefined): Lsn.Lsn =>
  Option.getOrElse(Lsn.parse(value ?? ""), () => Lsn.zero)

/** How a look begins: by this `status` knows it among what a writer's session has asked. */
export const lookBegins = "SELECT pg_current_wal_flush_lsn()"

/** One row always, its slot's columns NULL where there is no such slot. */
const lookSql = `${lookBegins}::text AS flushed, slot.slot_name AS name, slot.plugin, slot.wal_status, slot.database,
         slot.database = current_database() AS here, slot.confirmed_flush_lsn::text AS confirmed,
         slot.restart_lsn::text AS restart
    FROM (SELECT $1::text AS wanted) AS one LEFT JOIN pg_replication_slots AS slot ON slot.slot_name = wanted`

const readState = (
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

/**
 * The log is written to disk by pages where nobody waits for it, so that its end there can lie inside of a record: of a
 * transaction still open, of a commit that did not wait (`synchronous_commit = off`), or of what reading leaves behind.
 * PostgreSQL's reading of the slot would wait for the rest, up to some 20 s on a quiet server. A commit of ours has it
 * brought to disk within a moment: it needs an id, and no slot tells of it.
 */
const askForFlush = (session: PostgresSession) =>
  session.query(
    "server",
    "SELECT CASE WHEN pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() THEN pg_current_xact_id() END",
  )

const peek =
  (session: PostgresSession, subject: string, slot: string) =>
  (request: PeekRequest): Stream.Stream<ReadonlyArray<SlotLine>, SourceError> =>
    Stream.suspend(() => {
      let lines: Array<SlotLine> = []
      const reader = copyBinaryReader((bytes, bounds) => {
        const [lsnAt, ordinalAt, start, end] = [
          bounds[0] ?? 0,
          bounds[2] ?? 0,
          bounds[4] ?? 0,
          bounds[5] ?? 0,
        ]
        const ordinal = bytes.readUInt32BE(ordinalAt) * 2 ** 32 + bytes.readUInt32BE(ordinalAt + 4)
        lines.push(new SlotLine(ordinal, bytes, lsnAt, start, end))
      })
      const cutShort = new SourceError({
        reason: "Interrupted",
        subject,
        detail: "the answer ended before its end marker",
      })
      return Stream.fromEffectDrain(askForFlush(session)).pipe(
        Stream.concat(session.copy(subject, peekSql(slot, request))),
        Stream.map((chunk) => {
          lines = []
          reader.push(chunk)
          return lines
        }),
        Stream.concat(Stream.suspend(() => (reader.ended() ? Stream.empty : Stream.fail(cutShort)))),
      )
    })

/** More than the server's background writer takes to flush by itself what nobody waits for. */
const flushTimeout = "30 seconds"

/** Waits until the log is on disk up to there. */
const flushedTo = (session: PostgresSession, lsn: Lsn.Lsn): Effect.Effect<void, SourceError> =>
  Effect.gen(function* () {
    const isThere = Effect.map(
      session.query("server", "SELECT (pg_current_wal_flush_lsn() >= $1::pg_lsn)::text AS there", [
        Lsn.print(lsn),
      ]),
      (rows) => rows[0]?.["there"] === "true",
    )
    if (yield* isThere) return
    yield* askForFlush(session)
    yield* isThere.pipe(
      Effect.repeat({ until: (there) => there, schedule: Schedule.spaced("50 millis") }),
      Effect.timeoutOrElse({
        duration: flushTimeout,
        orElse: () =>
          new SourceError({
            reason: "Interrupted",
            subject: "server",
            detail: `its log did not reach the disk up to ${Lsn.print(lsn)} within ${flushTimeout}`,
          }),
      }),
    )
  })

export const layer = (address: SourceAddress, slot: string): Layer.Layer<ReplicationSlot> => {
  const subject = `slot "${slot}"`
  const state = (session: PostgresSession) =>
    Effect.flatMap(session.query(subject, lookSql, [slot]), (rows) => readState(subject, rows))
  const briefly = <A>(use: (session: PostgresSession) => Effect.Effect<A, SourceError>) =>
    Effect.scoped(Effect.flatMap(connect(address, "slot"), use))

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

  const look = (session: PostgresSession) =>
    Effect.flatMap(session.query(subject, lookSql, [slot]), (rows) =>
      Effect.map(readState(subject, rows), (found) => ({
        slot: found,
        flushed: lsnOf(rows[0]?.["flushed"]),
      })),
    )

  /** What everybody can do who reads the slot, with or without the right to confirm. */
  const reading = Effect.fnUntraced(function* (session: PostgresSession) {
    yield* session.query(subject, `SET statement_timeout = '${peekTimeout}'`)
    const source = yield* identify(session)
    return { source, look: look(session), peek: peek(session, subject, slot) }
  })

  const visit = Effect.gen(function* () {
    const session = yield* connect(address, "verify")
    return {
      ...(yield* reading(session)),
      flushedTo: (lsn: Lsn.Lsn) => flushedTo(session, lsn),
    }
  })

  const inUse = (session: PostgresSession) =>
    Effect.map(
      lookAtSlot(session, slot),
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
      if (!(yield* slotLocks(session, slot).isAlone)) return yield* inUse(session)
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

  /** `pid` is that of the session which must hold the lock. */
  const lookBeside = (pid: string) =>
    briefly((session) =>
      Effect.gen(function* () {
        if (yield* slotLocks(session, slot).isWrittenBy(pid)) return yield* look(session)
        const detail = "the writer's session has ended, and its lock with it"
        return yield* new SourceError({ reason: "Interrupted", subject, detail })
      }),
    )

  const attend = Effect.gen(function* () {
    const session = yield* connect(address, "cdc presence")
    const isPresent = yield* slotLocks(session, slot).isPresent
    return isPresent ? Option.some<Presence>({ ended: session.ended }) : Option.none<Presence>()
  })

  const attach = Effect.gen(function* () {
    const session = yield* connect(address, "cdc")
    if (!(yield* slotLocks(session, slot).writes)) return Option.none<SlotSession>()
    const [own] = yield* session.query(subject, "SELECT pg_backend_pid() AS pid")
    return Option.some<SlotSession>({
      ...(yield* reading(session)),
      lookBeside: lookBeside(own?.["pid"] ?? ""),
      ended: session.ended,
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
    ReplicationSlot.of({ name: slot, create, state: briefly(state), drop, attach, attend, visit }),
  )
}
