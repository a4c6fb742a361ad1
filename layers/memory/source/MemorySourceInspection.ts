/**
 * The queries of `doctor` on the PostgreSQL in memory. That server has no settings and rights: `MemoryAdministration` has them,
 * and tests change them.
 */
import { Clock, Effect, Layer, Option } from "effect"
import { sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"
import {
  type LimitFacts,
  type ServerFacts,
  type SessionFacts,
  type SlotFacts,
  type SlotSnapshot,
  SourceInspection,
  type TableFacts,
} from "../../../src/services/source/SourceInspection.ts"
import { MemoryPostgres, type MemoryServer } from "../postgres/MemoryPostgres.ts"
import type { MemorySession } from "../postgres/MemorySessions.ts"

/** The settings of a new server, except `wal_level`. */
const usualServer = {
  isPooled: false,
  version: "15.18",
  versionNumber: 150018,
  inRecovery: false,
  encoding: "UTF8",
  walLevel: "logical",
  maxSlots: 10,
  maxWalSenders: 10,
  retainedWalLimit: Option.none(),
  decodingMemory: Option.some(64 * 1024 * 1024),
  tls: Option.none(),
} satisfies Omit<ServerFacts, "usedSlots">

const usualLimits = {
  tempFileLimit: Option.none(),
  maxConnections: 100,
  locksPerTransaction: 64,
  lockCapacity: 64 * 122,
} satisfies Omit<LimitFacts, "sessions">

/** Reserved for superusers. */
const reservedConnections = 3

/** Settings and rights. Every right is granted until it is revoked. */
export class MemoryAdministration {
  server: Omit<ServerFacts, "usedSlots"> = usualServer
  limits: Omit<LimitFacts, "sessions"> = usualLimits
  /** `ALTER ROLE … REPLICATION` */
  mayReplicate = true
  /** `REVOKE EXECUTE ON FUNCTION …`, as `pg_control_system()`. */
  revokedFunctions: ReadonlyArray<string> = []
  /** `REVOKE USAGE ON SCHEMA …` */
  revokedSchemas: ReadonlyArray<string> = []
  /** `REVOKE SELECT ON …` */
  revokedTables: ReadonlyArray<TableName> = []
  /** Tables with row-level security that binds the role. */
  rowSecurity: ReadonlyArray<TableName> = []
}

const role = "afluente"

const factsOf = ({ pid, purpose }: MemorySession): SessionFacts => ({
  pid,
  application: `afluente ${purpose}`,
})

const slotFacts = ({ slots, identity }: MemoryServer, name: string): Option.Option<SlotFacts> =>
  Option.map(Option.fromUndefinedOr(slots.find(name)), ({ confirmed, walStatus }) => ({
    plugin: Option.some("test_decoding"),
    database: Option.some(identity.database),
    isHere: true,
    walStatus,
    confirmed,
    restart: walStatus === "lost" ? Option.none() : Option.some(confirmed),
    safeBytes: Option.none(),
    // A peek takes no time here.
    reader: Option.none(),
  }))

/** Slot, lock holders and WAL position at this moment. */
export const slotSnapshot = (server: MemoryServer, name: string): SlotSnapshot => ({
  slot: slotFacts(server, name),
  writer: Option.map(Option.fromUndefinedOr(server.sessions.holder(name)), factsOf),
  processes: server.sessions.holdersTogether(`${name}/lives`).map(factsOf),
  flushed: server.wal.flushed,
})

/** Checks the right before the slot, as PostgreSQL does. */
const probe = (server: MemoryServer, administration: MemoryAdministration, name: string) =>
  Effect.suspend((): Effect.Effect<void, SourceError> => {
    const refused = (reason: "NotReplicationRole" | "WalLevel", detail: string) =>
      Effect.fail(new SourceError({ reason, subject: `slot "${name}"`, detail }))
    if (!administration.mayReplicate)
      return refused("NotReplicationRole", "permission denied to use replication slots")
    if (administration.server.walLevel !== "logical")
      return refused("WalLevel", 'logical decoding requires "wal_level" >= "logical"')
    const request = { upTo: server.wal.flushed, maxLines: 1, tables: [] }
    return Effect.asVoid(server.slots.peek(name, request))
  })

const tableFacts = (server: MemoryServer, administration: MemoryAdministration, name: TableName) =>
  Effect.map(server.table(name), (table): TableFacts => {
    const isAmong = (tables: ReadonlyArray<TableName>) => tables.some((one) => sameTable(one, name))
    return {
      description: table.describe(server.snapshot().sees),
      isUnlogged: false,
      mayUseSchema: !administration.revokedSchemas.includes(name.schema),
      mayRead: !isAmong(administration.revokedTables),
      readable: isAmong(administration.revokedTables) ? [] : table.columns.map((column) => column.name),
      rowsAreHidden: isAmong(administration.rowSecurity),
    }
  })

/** `usedSlots` counts the slots of these names. */
export const layer = (
  slots: ReadonlyArray<string>,
  administration: MemoryAdministration = new MemoryAdministration(),
): Layer.Layer<SourceInspection, never, MemoryPostgres> =>
  Layer.effect(
    SourceInspection,
    Effect.map(MemoryPostgres, (server) => {
      const { sessions, identity, wal } = server
      const usedSlots = () => slots.filter((name) => server.slots.find(name) !== undefined).length
      return SourceInspection.of({
        location: `${identity.database} in memory`,
        role,
        database: identity.database,
        isLocal: true,
        connect: Effect.map(sessions.connect("doctor"), (session) => {
          const asking = <A>(answer: Effect.Effect<A, SourceError>) =>
            Effect.andThen(sessions.inside(session), answer)
          const stating = <A>(facts: () => A) => asking(Effect.sync(facts))
          return {
            server: stating(() => ({ ...administration.server, usedSlots: usedSlots() })),
            role: stating(() => ({
              name: role,
              mayReplicate: administration.mayReplicate,
              mayNotCall: administration.revokedFunctions,
            })),
            limits: stating(() => {
              const limit = administration.limits.maxConnections - reservedConnections
              return {
                ...administration.limits,
                sessions: [{ scope: "server", limit, used: sessions.count }],
              }
            }),
            identity: stating(() => identity),
            walPosition: asking(Effect.map(Clock.currentTimeMillis, (millis) => ({ lsn: wal.end, millis }))),
            slot: (name) => stating(() => slotSnapshot(server, name)),
            probe: (name) => asking(probe(server, administration, name)),
            tables: (names) =>
              asking(
                Effect.forEach(names, (name) => Effect.result(tableFacts(server, administration, name))),
              ),
            relations: (asked) => stating(() => server.relations(asked)),
          }
        }),
      })
    }),
  )
