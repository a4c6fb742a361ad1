/** What each layer of `SourceInspection` answers to `doctor`. */
import { assert } from "@effect/vitest"
import { Effect, Option, type Scope } from "effect"
import type { TableName } from "../../src/core/source/SourceTable.ts"
import type { ChangeSource } from "../../src/services/source/ChangeSource.ts"
import type { ReplicationSlot } from "../../src/services/source/ReplicationSlot.ts"
import type { Inspection } from "../../src/services/source/SourceInspection.ts"

/** A server with the table `loja.a` of the columns `id` and `v`, which the program's role may read, and no slot yet. */
export interface InspectionWorld {
  /** As the program's role. */
  readonly inspection: Inspection
  readonly slot: ReplicationSlot["Service"]
  readonly changes: ChangeSource["Service"]
  readonly insert: Effect.Effect<unknown>
  /** What an administrator takes from the role. */
  readonly revoke: {
    readonly replication: Effect.Effect<unknown>
    /** EXECUTE on `pg_control_system()`. */
    readonly controlSystem: Effect.Effect<unknown>
    /** USAGE on the schema `loja`. */
    readonly schema: Effect.Effect<unknown>
    /** SELECT on `loja.a`. */
    readonly table: Effect.Effect<unknown>
  }
}

export const a: TableName = { schema: "loja", name: "a" }

type Case = readonly [
  behaviour: string,
  program: (world: InspectionWorld) => Effect.Effect<void, unknown, Scope.Scope>,
]

const found = <A>(value: Option.Option<A>) =>
  Option.match(value, { onNone: () => Effect.die(new Error("it is not there")), onSome: Effect.succeed })

const factsOf = (inspection: Inspection, table: TableName) =>
  Effect.flatMap(inspection.tables([table]), ([facts]) =>
    facts === undefined ? Effect.die(new Error("no answer")) : Effect.fromResult(facts),
  )

export const sourceInspectionContract: ReadonlyArray<Case> = [
  [
    "knows a server that logs what logical decoding needs, and counts the slots in use",
    Effect.fnUntraced(function* ({ inspection, slot }) {
      const before = yield* inspection.server
      assert.isAtLeast(before.versionNumber, 130000)
      assert.deepStrictEqual(
        [before.walLevel, before.encoding, before.inRecovery],
        ["logical", "UTF8", false],
      )
      yield* slot.create
      assert.strictEqual((yield* inspection.server).usedSlots, before.usedSlots + 1)
    }),
  ],
  [
    "knows the same database of the same server as whoever reads the slot",
    Effect.fnUntraced(function* ({ inspection, changes }) {
      assert.deepStrictEqual(yield* inspection.identity, (yield* changes.visit).source)
    }),
  ],
  [
    "sees the WAL grow with each commit",
    Effect.fnUntraced(function* ({ inspection, insert }) {
      const before = yield* inspection.walPosition
      yield* insert
      const after = yield* inspection.walPosition
      assert.isTrue(after.lsn > before.lsn)
      assert.isAtLeast(after.millis, before.millis)
    }),
  ],
  [
    "finds no slot where there is none, and cannot read it",
    Effect.fnUntraced(function* ({ inspection, slot: { name } }) {
      const { slot, writer, processes } = yield* inspection.slot(name)
      assert.deepStrictEqual([slot, writer, processes], [Option.none(), Option.none(), []])
      assert.strictEqual((yield* Effect.flip(inspection.probe(name))).reason, "SlotMissing")
    }),
  ],
  [
    "reads a slot of this database, and leaves it where it is",
    Effect.fnUntraced(function* ({ inspection, slot: { name, create }, insert }) {
      yield* create
      yield* insert
      const before = yield* found((yield* inspection.slot(name)).slot)
      yield* inspection.probe(name)
      const { slot, flushed } = yield* inspection.slot(name)
      const after = yield* found(slot)
      assert.deepStrictEqual(after, before)
      assert.deepStrictEqual([after.plugin, after.isHere], [Option.some("test_decoding"), true])
      assert.deepStrictEqual([after.walStatus, after.reader], ["reserved", Option.none()])
      assert.isTrue((yield* found(after.restart)) <= after.confirmed && after.confirmed < flushed)
    }),
  ],
  [
    "names the writer and all that live, until their sessions end",
    Effect.fnUntraced(function* ({ inspection, slot, changes }) {
      yield* slot.create
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Effect.flatMap(slot.takeLivenessLock, found)
          yield* Effect.flatMap(changes.attach, found)
          const { writer, processes } = yield* inspection.slot(slot.name)
          const names = [yield* found(writer), ...processes].map(({ application }) => application)
          assert.deepStrictEqual(names, ["afluente cdc", "afluente cdc presence"])
        }),
      )
      // A server notices a while later that a client has gone.
      const ended = Effect.map(inspection.slot(slot.name), ({ writer, processes }) => [
        writer,
        processes.length,
      ])
      const last = yield* Effect.repeat(ended, { until: ([, count]) => count === 0, times: 1000 })
      assert.deepStrictEqual(last, [Option.none(), 0])
    }),
  ],
  [
    "describes a table that the role may read",
    Effect.fnUntraced(function* ({ inspection }) {
      const { description, ...rights } = yield* factsOf(inspection, a)
      assert.deepStrictEqual(
        [description.columns.map(({ name }) => name), description.primaryKey, description.replicaIdentity],
        [["id", "v"], ["id"], "default"],
      )
      assert.deepStrictEqual(rights, {
        isUnlogged: false,
        mayUseSchema: true,
        mayRead: true,
        readable: ["id", "v"],
        rowsAreHidden: false,
      })
      const [relation] = yield* inspection.relations({ tables: [a], oids: [] })
      assert.deepStrictEqual(relation?.table, a)
    }),
  ],
  [
    "fails for a table that is not there, and answers the next question",
    Effect.fnUntraced(function* ({ inspection }) {
      const error = yield* Effect.flip(factsOf(inspection, { ...a, name: "none" }))
      assert.strictEqual(error.reason, "SchemaOrTableMissing")
      yield* factsOf(inspection, a)
    }),
  ],
  [
    "tells which of schema and table the role may not read",
    Effect.fnUntraced(function* ({ inspection, revoke }) {
      const rights = Effect.map(factsOf(inspection, a), ({ mayUseSchema, mayRead }) => [
        mayUseSchema,
        mayRead,
      ])
      yield* revoke.table
      assert.deepStrictEqual(yield* rights, [true, false])
      yield* revoke.schema
      assert.deepStrictEqual(yield* rights, [false, false])
    }),
  ],
  [
    "tells which rights to slots and functions the role lacks, and that it cannot read a slot without",
    Effect.fnUntraced(function* ({ inspection, slot, revoke }) {
      yield* slot.create
      const before = yield* inspection.role
      assert.deepStrictEqual([before.mayReplicate, before.mayNotCall], [true, []])
      yield* revoke.controlSystem
      yield* revoke.replication
      const after = yield* inspection.role
      assert.deepStrictEqual([after.mayReplicate, after.mayNotCall], [false, ["pg_control_system()"]])
      assert.strictEqual((yield* Effect.flip(inspection.probe(slot.name))).reason, "NotReplicationRole")
    }),
  ],
  [
    "counts the sessions that are open, and knows how many may be",
    Effect.fnUntraced(function* ({ inspection, changes }) {
      const ofServer = Effect.map(inspection.limits, ({ sessions, maxConnections }) => {
        const [server] = sessions.filter(({ scope }) => scope === "server")
        return { used: server?.used ?? 0, limit: server?.limit ?? 0, maxConnections }
      })
      yield* changes.visit
      const { used, limit, maxConnections } = yield* ofServer
      assert.isAtLeast(used, 2)
      assert.isTrue(used < limit && limit <= maxConnections)
      assert.isAbove((yield* inspection.limits).lockCapacity, (yield* inspection.limits).locksPerTransaction)
    }),
  ],
]
