/** The slot of a real server. What all layers of the slot must do is told by the tests of the pipelines. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import * as PostgresReplicationSlot from "../../layers/PostgresReplicationSlot.ts"
import { ReplicationSlot } from "../../src/services/ReplicationSlot.ts"
import { eventually } from "../support/eventually.ts"
import { TestPostgres } from "../support/postgres.ts"
import { sourceAddress } from "../support/sourceAddress.ts"

layer(TestPostgres.layer(), { excludeTestServices: true })("the slot", (it) => {
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
        // Some pages of log that nobody asks to be flushed, as long as this transaction is open.
        const open = yield* session
        yield* open.sql("BEGIN; INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 100) AS n")
        const [before] = yield* sql("SELECT pg_current_wal_insert_lsn()::text AS end")
        const reader = Option.getOrThrow(yield* service.attach)
        const { flushed } = yield* reader.look
        // The server itself brings the rest to disk after up to 15 s, and reads on only then.
        const lines = yield* reader
          .peek({ upTo: flushed, maxLines: 1000, tables: [{ schema: "public", name: "t" }] })
          .pipe(Stream.runCollect, Effect.timeout("8 seconds"))
        const isWhole = Effect.map(
          sql("SELECT (pg_current_wal_flush_lsn() >= $1::pg_lsn)::text AS whole", [before?.["end"] ?? ""]),
          ([row]) => row?.["whole"] === "true",
        )
        yield* eventually("the log of the open transaction is on disk", isWhole, "8 seconds")
        yield* open.sql("ROLLBACK")
        assert.strictEqual(lines.flat().filter(({ text }) => text.includes("INSERT:")).length, 1)
      })
      yield* program.pipe(
        Effect.provide(PostgresReplicationSlot.layer(sourceAddress(superuserUrl), slot)),
        Effect.scoped,
      )
    }),
  )
})
