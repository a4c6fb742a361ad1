import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Option, Scope } from "effect"
import { isRoot, temporaryFolder } from "../../../layers/embedded/EmbeddedAccount.ts"
import { start } from "../../../layers/embedded/EmbeddedPostgres.ts"
import { eventually } from "../../support/eventually.ts"
import { isAnswered } from "../../support/network/ports.ts"
import { openSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres, testServer } from "../../support/postgres/postgres.ts"
import { startServerChild } from "../../support/postgres/serverChild.ts"

const keptFolder = Effect.acquireRelease(
  Effect.promise(async () => mkdtemp(join(await temporaryFolder(), "kept-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

layer(TestPostgres.layer(), { excludeTestServices: true })("EmbeddedPostgres", (it) => {
  it.effect("is PostgreSQL 15 with a logical log", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const rows = yield* sql(
        "SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('wal_level') AS wal",
      )
      assert.deepStrictEqual(rows, [{ major: "15", wal: "logical" }])
    }),
  )

  it.effect("stores text as UTF-8 and folds accented letters, whatever the caller's locale", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const rows = yield* sql("SHOW server_encoding; SELECT upper('João 🌻 ação') AS upper")
      assert.deepStrictEqual(rows, [{ upper: "JOÃO 🌻 AÇÃO" }])
    }),
  )

  it.effect("refuses a wrong password", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const session = yield* openSession(server.url("postgres").replace(server.password, "wrong"))
      const error = yield* Effect.flip(session.sql("SELECT 1"))
      assert.strictEqual(error.code, "28P01")
    }),
  )

  it.effect("tells committed changes through a slot with test_decoding", () =>
    Effect.gen(function* () {
      const postgres = yield* TestPostgres
      const { sql } = yield* postgres.database("CREATE TABLE t (id int PRIMARY KEY, nome text)")
      yield* sql("SELECT pg_create_logical_replication_slot('embedded_test', 'test_decoding')")
      yield* sql("INSERT INTO t VALUES (1, 'Conceição')")
      const lines = yield* sql("SELECT data FROM pg_logical_slot_peek_changes('embedded_test', NULL, NULL)")
      assert.strictEqual(lines[1]?.["data"], "table public.t: INSERT: id[integer]:1 nome[text]:'Conceição'")
    }),
  )

  it.effect("gives each test a database of its own, gone with its slots afterwards", () =>
    Effect.gen(function* () {
      const { sql, database } = yield* TestPostgres
      const name = yield* Effect.scoped(
        Effect.gen(function* () {
          const own = yield* database()
          yield* own.sql("SELECT pg_create_logical_replication_slot('gone_with_it', 'test_decoding')")
          return own.name
        }),
      )
      const left = yield* sql(
        "SELECT datname FROM pg_database WHERE datname = $1 UNION ALL SELECT slot_name FROM pg_replication_slots WHERE database = $1",
        [name],
      )
      assert.deepStrictEqual(left, [])
    }),
  )
})

describe("EmbeddedPostgres, stopped and started", () => {
  it.live("keeps committed rows when it is stopped as by a crash", () =>
    Effect.gen(function* () {
      const server = yield* testServer()
      const { sql } = yield* openSession(server.url("postgres"))
      yield* sql("CREATE TABLE t AS SELECT 'kept' AS word")
      yield* server.stop("immediate")
      yield* server.restart
      assert.deepStrictEqual(yield* sql("SELECT word FROM t"), [{ word: "kept" }])
    }),
  )

  it.live("answers no more once stop has returned", () =>
    Effect.gen(function* () {
      const server = yield* testServer()
      yield* server.stop("fast")
      assert.isFalse(yield* isAnswered(server.port))
    }),
  )

  it.live("starts again after its process was killed", () =>
    Effect.gen(function* () {
      const server = yield* testServer()
      process.kill(Option.getOrThrow(yield* server.pid), "SIGKILL")
      yield* server.restart
      assert.isTrue(yield* isAnswered(server.port))
    }),
  )

  it.live("serves a kept folder again, with its rows and its password", () =>
    Effect.gen(function* () {
      const dataFolder = yield* keptFolder
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* start({ dataFolder, durable: true })
          const { sql } = yield* openSession(server.url("postgres"))
          yield* sql("CREATE TABLE t AS SELECT 'kept' AS word")
          return server
        }),
      )
      const server = yield* start({ dataFolder })
      const { sql } = yield* openSession(server.url("postgres").replace(server.password, first.password))
      assert.deepStrictEqual(yield* sql("SELECT word FROM t"), [{ word: "kept" }])
    }),
  )

  it.live("removes a temporary folder with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { dataFolder } = yield* testServer().pipe(Scope.provide(scope))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(existsSync(dataFolder))
    }),
  )

  it.live("leaves neither server nor folder behind when the process that started it is killed", () =>
    Effect.gen(function* () {
      const { child, port, dataFolder } = yield* startServerChild
      assert.isTrue(yield* isAnswered(port))
      child.kill("SIGKILL")
      yield* eventually(
        "port closed",
        Effect.map(isAnswered(port), (open) => !open),
      )
      yield* eventually(
        "folder removed",
        Effect.sync(() => !existsSync(dataFolder)),
      )
    }),
  )

  it.live("shows the end of the log and what to do when the server does not start", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(testServer({ settings: { shared_buffers: "nonsense" } }))
      assert.match(
        error.message,
        /invalid value for parameter "shared_buffers".*\n.*Correct what the log names/,
      )
    }),
  )

  it.live("says which folder its account cannot pass, where it is closed", () =>
    Effect.gen(function* () {
      const closed = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "closed-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
      )
      const outcome = yield* Effect.exit(start({ dataFolder: join(closed, "data") }))
      // Only root runs the server as somebody else.
      assert.strictEqual(Exit.isSuccess(outcome), !isRoot())
      if (Exit.isFailure(outcome)) assert.include(String(outcome.cause), closed)
    }),
  )
})
