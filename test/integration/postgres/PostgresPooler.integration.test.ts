/** A pooler between the program and the server: what a session notices of it. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { checkProcess } from "../../../layers/postgres/connection/PostgresPooler.ts"
import { connect } from "../../../layers/postgres/connection/PostgresSession.ts"
import type { SessionPooler } from "../../../src/core/source/SourceAddress.ts"
import { fakePooler } from "../../support/postgres/fakePooler.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"

const addressOf = Effect.fnUntraced(function* (
  database: string,
  sessionPooler: SessionPooler,
  port?: number,
) {
  const { server } = yield* TestPostgres
  const url = new URL(server.url(database))
  if (port !== undefined) url.port = String(port)
  return { ...sourceAddress(url.href), sessionPooler }
})

const behindPooler = Effect.fnUntraced(function* (
  sessionPooler: SessionPooler,
  announced?: "another" | "none",
) {
  const { server } = yield* TestPostgres
  const { port } = yield* fakePooler(server.port, announced)
  return yield* addressOf("postgres", sessionPooler, port)
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("a session", (it) => {
  it.effect("knows its server process", () =>
    Effect.gen(function* () {
      const session = yield* connect(yield* addressOf("postgres", "refuse"), "test")
      const [row] = yield* session.query("test", "SELECT pg_backend_pid() AS pid")
      assert.deepStrictEqual(session.server, { pid: row?.["pid"] ?? "", isPooled: false })
    }),
  )

  it.effect("is refused where the announced process is not the server's", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(yield* behindPooler("refuse"), "test"))
      assert.deepStrictEqual([error.reason, error.isRetryable], ["Pooler", false])
      assert.match(
        error.message,
        /a connection pooler answers there.*server's own address.*SOURCE_SESSION_POOLER=allow/,
      )
    }),
  )

  it.effect("is refused where no process is announced", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(yield* behindPooler("refuse", "none"), "test"))
      assert.strictEqual(error.reason, "Pooler")
    }),
  )

  it.effect("is opened behind a pooler that is vouched for, and is set up like any other", () =>
    Effect.gen(function* () {
      const session = yield* connect(yield* behindPooler("allow"), "test")
      const [row] = yield* session.query(
        "test",
        "SELECT pg_backend_pid() AS pid, current_setting('search_path') AS path",
      )
      assert.deepStrictEqual(
        [session.server, row?.["path"]],
        [{ pid: row?.["pid"] ?? "", isPooled: true }, "pg_catalog"],
      )
    }),
  )

  it.effect("is not taken for a pooler's where the database's search path hides the catalog", () =>
    Effect.gen(function* () {
      const { name, sql } = yield* (yield* TestPostgres).database(`
        CREATE FUNCTION public.pg_backend_pid() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION public.differs(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
        CREATE OPERATOR public.= (FUNCTION = public.differs, LEFTARG = integer, RIGHTARG = integer)`)
      yield* sql(`ALTER DATABASE ${name} SET search_path = public, pg_catalog`)
      const session = yield* connect(yield* addressOf(name, "refuse"), "test")
      assert.isFalse(session.server.isPooled)
    }),
  )

  it.effect("notices that it went on in another server process", () =>
    Effect.gen(function* () {
      const session = { server: { pid: "7", isPooled: true } }
      yield* checkProcess(session, "loja on db:5432", "7")
      const error = yield* Effect.flip(checkProcess(session, "loja on db:5432", "8"))
      assert.deepStrictEqual(
        [error.reason, /process 7 and went on in 8/.test(error.message)],
        ["Pooler", true],
      )
    }),
  )
})
