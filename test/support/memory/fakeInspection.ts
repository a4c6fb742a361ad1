/** A source in good order as `doctor` sees it, of which a test changes what it is about. */
import { Clock, Effect, Option, Result } from "effect"
import { MemoryAdministration } from "../../../layers/memory/source/MemorySourceInspection.ts"
import * as Lsn from "../../../src/core/Lsn.ts"
import type {
  Inspection,
  LimitFacts,
  ServerFacts,
  SlotFacts,
  SlotSnapshot,
  SourceInspection,
  TableFacts,
} from "../../../src/services/source/SourceInspection.ts"

const usual = new MemoryAdministration()

export const server: ServerFacts = { ...usual.server, usedSlots: 1 }

export const limits: LimitFacts = {
  ...usual.limits,
  sessions: [{ scope: "server", limit: 97, used: 5 }],
  lockCapacity: 6400,
}

export const slot: SlotFacts = {
  plugin: Option.some("test_decoding"),
  database: Option.some("loja"),
  isHere: true,
  walStatus: "reserved",
  confirmed: Lsn.Lsn.make(0x1000n),
  restart: Option.some(Lsn.Lsn.make(0x1000n)),
  safeBytes: Option.none(),
  reader: Option.none(),
}

export const look = (change: Partial<SlotFacts> = {}): SlotSnapshot => ({
  slot: Option.some({ ...slot, ...change }),
  writer: Option.none(),
  processes: [],
  flushed: Lsn.Lsn.make(0x1800n),
})

export const table: TableFacts = {
  description: {
    table: { schema: "db_loja", name: "cliente" },
    columns: [{ name: "id", type: "integer", nullable: false, attnum: 1 }],
    primaryKey: ["id"],
    replicaIdentity: "default",
    replicaKey: ["id"],
    identifiesDeletes: true,
    notFollowed: Option.none(),
    virtualColumns: [],
    estimatedRows: 0,
    estimatedBytes: 0,
  },
  isUnlogged: false,
  mayUseSchema: true,
  mayRead: true,
  readable: ["id"],
  rowsAreHidden: false,
}

/** `bytesPerSecond` is what it writes into its log. */
export const inspection = (change: Partial<Inspection> = {}, bytesPerSecond = 0): Inspection => ({
  server: Effect.succeed(server),
  role: Effect.succeed({ name: "afluente", mayReplicate: true, mayNotCall: [] }),
  limits: Effect.succeed(limits),
  identity: Effect.succeed({ systemIdentifier: "7423642870011110000", database: "loja" }),
  walPosition: Effect.map(Clock.currentTimeMillis, (millis) => ({
    lsn: Lsn.Lsn.make(BigInt(Math.round((millis / 1000) * bytesPerSecond))),
    millis,
  })),
  slot: () => Effect.succeed(look()),
  probe: () => Effect.void,
  tables: (names) => Effect.succeed(names.map(() => Result.succeed(table))),
  relations: ({ tables }) =>
    Effect.succeed(
      tables.map((one, i) => ({
        table: one,
        oid: 16400 + i,
        ancestors: [],
        isMatchable: true,
        keys: [],
        notFollowed: Option.none(),
        mark: { table: 700, schema: 701, endedBelow: 702n },
        file: { file: `${16400 + i}`, columns: "0" },
        details: "",
      })),
    ),
  ...change,
})

export const source = (connect: SourceInspection["Service"]["connect"]): SourceInspection["Service"] => ({
  location: "loja on db:5432",
  role: "afluente",
  database: "loja",
  isLocal: true,
  connect,
})
