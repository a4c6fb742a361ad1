/** The slot of a real server. What all layers of the slot must do is told by the tests of the pipelines. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Option, Schedule, Sink } from "effect"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import { eventually } from "../../../support/eventually.ts"
import type { TestSession } from "../../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../../support/postgres/postgres.ts"
import { slotLayers } from "../../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../../support/postgres/sourceAddress.ts"
import { readAll } from "../../../support/slot/readAll.ts"

/** Nobody commits behind the test's back, which would bring log to disk. */
const quiet = { autovacuum: "off" }

/** For as long as the scope lives, stops the process that brings to disk what nobody asks for, within 15 s. */
const stopBackgroundWriter = Effect.fn("stopBackgroundWriter")(function* (sql: TestSession["sql"]) {
  const [row] = yield* sql("SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'background writer'")
  const pid = Number(row?.["pid"])
  yield* Effect.acquireRelease(
    Effect.sync(() => process.kill(pid, "SIGSTOP")),
    () => Effect.sync(() => process.kill(pid, "SIGCONT")),
  )
})

layer(TestPostgres.layer({ settings: quiet }), { excludeTestServices: true })("the slot", (it) => {
  it.effect("has the log brought to disk whole before it reads, and waits for nobody to do it", () =>
    Effect.gen(function* () {
      const { name, session, sql, superuserUrl } = yield* (yield* TestPostgres).database(
        "CREATE TABLE t (id int, filler text)",
      )
      const slot = `whole_${name}`
      const program = Effect.gen(function* () {
        const service = yield* ReplicationSlot
        yield* service.create
        yield* sql("INSERT INTO t VALUES (1, 'committed')")
        yield* stopBackgroundWriter(sql)
        // Some pages of log that nobody asks to be flushed, as long as this transaction is open.
        const open = yield* session
        yield* open.sql("BEGIN; INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 100) AS n")
        const [before] = yield* sql("SELECT pg_current_wal_insert_lsn()::text AS end")
        const reader = Option.getOrThrow(yield* (yield* ChangeSource).attach)
        const { flushed } = yield* reader.readState
        const isWhole = Effect.map(
          sql("SELECT (pg_current_wal_flush_lsn() >= $1::pg_lsn)::text AS whole", [before?.["end"] ?? ""]),
          ([row]) => row?.["whole"] === "true",
        )
        assert.isFalse(yield* isWhole)
        // The server reads on only when the rest is on disk.
        const { transactions } = yield* readAll(reader, {
          upTo: flushed,
          maxLines: 1000,
          tables: [{ schema: "public", name: "t" }],
        })
        yield* eventually("the log of the open transaction is on disk", isWhole)
        yield* open.sql("ROLLBACK")
        const lines = transactions.flatMap((transaction) => transaction.lines)
        assert.strictEqual(lines.filter(({ text }) => text.includes("INSERT:")).length, 1)
      })
      yield* program.pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), slot)), Effect.scoped)
    }),
  )

  it.effect("tells who holds the writer's lock, and how long ago that one asked anything", () =>
    Effect.gen(function* () {
      const { url, name, sql } = yield* (yield* TestPostgres).database()
      const [before, holder, after] = yield* Effect.gen(function* () {
        const service = yield* ReplicationSlot
        yield* service.create
        const before = yield* service.lockHolder
        const during = yield* Effect.scoped(
          Effect.gen(function* () {
            yield* (yield* ChangeSource).attach
            yield* Effect.sleep("300 millis")
            return Option.getOrThrow(yield* service.lockHolder)
          }),
        )
        yield* eventually("the session has ended", Effect.map(service.lockHolder, Option.isNone))
        return [before, during, yield* service.lockHolder] as const
      }).pipe(Effect.provide(slotLayers(sourceAddress(url), `held_${name}`)))
      yield* sql("SELECT pg_drop_replication_slot($1)", [`held_${name}`])
      assert.isTrue(Option.isNone(before) && Option.isNone(after))
      assert.deepStrictEqual([holder.application, holder.isSlotActive], ["afluente cdc", false])
      const seconds = Option.getOrThrow(holder.idleSeconds)
      assert.isTrue(seconds >= 0.3 && seconds < 30, String(seconds))
    }),
  )

  it.effect(
    "gives its lock to nobody while a process of a version before the fence lives, and names it",
    () =>
      Effect.gen(function* () {
        const { url, name, session, sql } = yield* (yield* TestPostgres).database()
        const slot = `older_${name}`
        yield* Effect.gen(function* () {
          const service = yield* ReplicationSlot
          yield* service.create
          // The key that such versions hold for as long as they live.
          const older = yield* session
          yield* older.sql(
            `SET application_name = 'afluente cdc presence'; SELECT pg_advisory_lock_shared(hashtextextended('afluente/present/${slot}', 0))`,
          )
          assert.isTrue(Option.isNone(yield* Effect.scoped((yield* ChangeSource).attach)))
          assert.deepStrictEqual(
            (yield* service.unfencedProcesses).map(({ application }) => application),
            ["afluente cdc presence"],
          )
          const drop = yield* service.drop
          assert.isTrue(typeof drop === "object" && Option.isSome(drop.by))
          yield* older.sql("SELECT pg_advisory_unlock_all()")
          assert.isTrue(Option.isSome(yield* Effect.scoped((yield* ChangeSource).attach)))
        }).pipe(Effect.provide(slotLayers(sourceAddress(url), slot)), Effect.scoped)
        yield* sql("SELECT pg_drop_replication_slot($1)", [slot])
      }),
  )

  it.effect("is looked at while its changes are being read, as long as the session holds its lock", () =>
    Effect.gen(function* () {
      const { name, sql, superuserUrl } = yield* (yield* TestPostgres).database(
        "CREATE TABLE t (filler text)",
      )
      const slot = `beside_${name}`
      const program = Effect.gen(function* () {
        const service = yield* ReplicationSlot
        yield* service.create
        yield* sql("INSERT INTO t VALUES ('first')")
        // More than what lies between the server and us holds.
        yield* sql("INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 30000)")
        const reader = Option.getOrThrow(yield* (yield* ChangeSource).attach)
        const { flushed } = yield* reader.readState
        const tables = [{ schema: "public", name: "t" }]
        const seen = yield* Deferred.make<boolean>()
        const untilLost = Effect.fnUntraced(function* () {
          const { slot } = yield* reader.readState
          yield* Deferred.succeed(seen, Option.isSome(slot))
          yield* sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'afluente cdc' AND datname = current_database()",
          )
          yield* Effect.repeat(reader.readState, { schedule: Schedule.spaced("50 millis") })
        })
        const request = { upTo: flushed, maxLines: 1_000_000, tables }
        const lost = yield* reader
          .readTransactions(request, Sink.forEach(untilLost))
          .pipe(Effect.flip, Effect.timeout("16 seconds"))
        assert.isTrue(yield* Deferred.await(seen))
        assert.strictEqual("reason" in lost && lost.reason, "Interrupted")
      })
      yield* program.pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), slot)), Effect.scoped)
    }),
  )

  it.effect(
    "tells a role of its own which tables bear names and OIDs, the timeline, and what transactions run",
    () =>
      Effect.gen(function* () {
        const { name, sql, url, session } = yield* (yield* TestPostgres).database(
          'CREATE SCHEMA "S,{"; CREATE TABLE "S,{"."T ""1""" (id int); CREATE TABLE u (id int); CREATE SEQUENCE s',
        )
        const odd = { schema: "S,{", name: 'T "1"' }
        const u = { schema: "public", name: "u" }
        const [oids] = yield* sql(
          `SELECT '"S,{"."T ""1"""'::regclass::oid::text AS odd, 'u'::regclass::oid::text AS u`,
        )
        const [oddOid, uOid] = [Number(oids?.["odd"]), Number(oids?.["u"])]
        const program = Effect.gen(function* () {
          const visit = yield* (yield* ChangeSource).visit
          assert.strictEqual(visit.timeline, 1)
          const asked = {
            tables: [odd, { schema: "public", name: "s" }, { ...u, name: "none" }],
            oids: [uOid],
          }
          const found = yield* visit.relations(asked)
          assert.sameDeepMembers(
            found.map(({ table, oid }) => ({ table, oid })),
            [
              { table: odd, oid: oddOid },
              { table: u, oid: uOid },
            ],
          )
          assert.deepStrictEqual(yield* visit.relations({ tables: [], oids: [] }), [])
          const service = yield* ReplicationSlot
          yield* service.create
          const reader = Option.getOrThrow(yield* (yield* ChangeSource).attach)
          const [first, second] = [yield* reader.newXid, yield* reader.newXid]
          assert.isTrue(first < second)
          const other = yield* session
          yield* other.sql("BEGIN; SELECT pg_current_xact_id()")
          const later = yield* reader.newXid
          assert.isTrue((yield* reader.oldestXid) < later)
          const oldest = yield* visit.oldestTransaction
          assert.isTrue(oldest.xid < later)
          // Other tests of this server may hold an older one.
          assert.match(Option.getOrThrow(oldest.holder), /^session \d+/)
          yield* other.sql("COMMIT")
          assert.isTrue((yield* reader.oldestXid) >= later)
        })
        yield* program.pipe(Effect.provide(slotLayers(sourceAddress(url), `named_${name}`)), Effect.scoped)
      }),
  )
})
