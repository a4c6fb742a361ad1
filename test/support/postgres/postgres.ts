/**
 * The PostgreSQL of a test file: an embedded server, and in it as many databases of their own as the tests want.
 *
 *     layer(TestPostgres.shared, { excludeTestServices: true })("…", (it) => {
 *       it.effect("…", () => Effect.gen(function* () {
 *         const { sql, url } = yield* (yield* TestPostgres).database("CREATE TABLE …")
 *
 * `sql` is the superuser's; `url`, for the program, is that of a role with the rights of `query/role.sql`.
 */
import { randomBytes } from "node:crypto"
import { statfs } from "node:fs/promises"
import { Context, Effect, Layer, Scope } from "effect"
import {
  type EmbeddedOptions,
  type EmbeddedServer,
  start,
} from "../../../layers/embedded/EmbeddedPostgres.ts"
import type { EmbeddedPostgresError } from "../../../layers/embedded/EmbeddedPostgresError.ts"
import { openSession, type SqlFailure, type TestSession } from "./pgClient.ts"
import { passwordSql, roleSql, tablesSql } from "./role.ts"

export interface TestDatabase extends TestSession {
  readonly name: string
  /**
   * What the program is given: the URL of a role of this database with the rights of `query/role.sql` and no more. It
   * may read the tables that `setup` made, and those that the superuser makes later.
   */
  readonly url: string
  /** The role of `url`. */
  readonly role: string
  /** For the few things that the program's role cannot do: `init --demo`, sessions of a test's own. */
  readonly superuserUrl: string
  /** One more session of its own, as superuser like `sql`: for locks and open transactions. */
  readonly session: Effect.Effect<TestSession, never, Scope.Scope>
}

/**
 * Memory, where there is plenty: a cluster is a thousand small files, and making them on a disk can take three times
 * as long as all the rest. Large test data goes there too, hence the bound.
 */
const roomyMemory = Effect.promise(async () => {
  const room = await statfs("/dev/shm").catch(() => undefined)
  return room !== undefined && room.bavail * room.bsize > 8 * 1024 ** 3 ? { scratchParent: "/dev/shm" } : {}
})

export class TestPostgres extends Context.Service<
  TestPostgres,
  {
    readonly server: EmbeddedServer
    /** On the database `postgres`, as superuser: for roles, other databases, server state. */
    readonly sql: TestSession["sql"]
    /**
     * A new, empty database under a random name; `setup` is run in it. When the scope closes it is dropped with its
     * slots, so that tests of one file do not use up each other's `max_replication_slots`. UTF8 where nothing else is said.
     */
    readonly database: (
      setup?: string,
      encoding?: string,
    ) => Effect.Effect<TestDatabase, SqlFailure, Scope.Scope>
  }
>()("afluente/test/TestPostgres") {
  /**
   * The server of this worker of vitest: it is started once, and the files that the worker runs one after another share
   * it. For whatever needs no settings of its own and leaves the server running.
   */
  static readonly shared: Layer.Layer<TestPostgres, EmbeddedPostgresError> = Layer.suspend(() =>
    TestPostgres.on(workerServer),
  )

  /** A server of its own: with other settings, or to be stopped and started again. */
  static readonly layer = (options: EmbeddedOptions = {}): Layer.Layer<TestPostgres, EmbeddedPostgresError> =>
    TestPostgres.on(testServer(options))

  private static readonly on = (
    started: Effect.Effect<EmbeddedServer, EmbeddedPostgresError, Scope.Scope>,
  ): Layer.Layer<TestPostgres, EmbeddedPostgresError> =>
    Layer.effect(
      TestPostgres,
      Effect.gen(function* () {
        const server = yield* started
        const { sql } = yield* openSession(server.url("postgres"))
        const database = Effect.fn("TestPostgres.database")(function* (setup?: string, encoding = "UTF8") {
          const name = `test_${randomBytes(6).toString("hex")}`
          const superuserUrl = server.url(name)
          // The server's own locale knows no other encoding than its own.
          const locale = encoding === "UTF8" ? "" : `ENCODING '${encoding}' LOCALE 'C'`
          yield* Effect.acquireRelease(sql(`CREATE DATABASE ${name} TEMPLATE template0 ${locale}`), () =>
            dropDatabase(sql, name),
          )
          const session = openSession(superuserUrl)
          const own = yield* session
          if (setup !== undefined) yield* own.sql(setup)
          const { role, password } = yield* Effect.scoped(Effect.flatMap(session, makeRole(name)))
          const url = new URL(superuserUrl)
          url.username = role
          url.password = password
          return { name, url: url.href, role, superuserUrl, session, sql: own.sql }
        })
        return TestPostgres.of({ server, sql, database })
      }),
    )
}

/** The folder of another version's package, which `npm run test:postgres` has installed for its run. */
const otherVersion = (): EmbeddedOptions => {
  const folder = process.env["TEST_POSTGRES"]
  return folder === undefined ? {} : { package: folder }
}

/** A server of a test's own, to be stopped, killed and started again. */
export const testServer = (options: EmbeddedOptions = {}) =>
  Effect.flatMap(roomyMemory, (memory) => start({ ...memory, ...otherVersion(), ...options }))

let ofWorker: Promise<EmbeddedServer> | undefined

/** The scope stays open: the server ends with the worker's process, as any embedded server does. */
const startForWorker = (): Promise<EmbeddedServer> =>
  Effect.runPromise(Effect.provideService(testServer(), Scope.Scope, Scope.makeUnsafe()))

const notToBeStopped = Effect.die(
  new Error("This server is shared. `TestPostgres.layer()` gives one to stop."),
)

const workerServer = Effect.gen(function* () {
  const starting = ofWorker ?? startForWorker()
  ofWorker = starting
  const server = yield* Effect.promise(() => starting)
  return { ...server, stop: () => notToBeStopped, restart: notToBeStopped }
})

const tablesThere = `
  SELECT string_agg(DISTINCT quote_ident(nspname), ', ') AS schemas, string_agg(format('%I.%I', nspname, relname), ', ') AS tables
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'`

/** In a session that nobody's setup has touched. */
const makeRole = (database: string) =>
  Effect.fnUntraced(function* ({ sql }: TestSession) {
    const role = `afluente_${database}`
    const password = randomBytes(9).toString("hex")
    yield* sql(roleSql(role, database))
    yield* sql(passwordSql(role, password))
    const [there] = yield* sql(tablesThere)
    if (there?.["schemas"] && there["tables"]) yield* sql(tablesSql(role, there["schemas"], there["tables"]))
    // Tests make tables also when they have begun; an administrator would name each as it comes.
    yield* sql(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${role};
                ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO ${role}`)
    return { role, password }
  })

/** A test may have stopped the server: then there is nothing to drop it from. */
const dropDatabase = (sql: TestSession["sql"], name: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* sql(
      "SELECT pg_terminate_backend(active_pid, 2000) FROM pg_replication_slots WHERE database = $1 AND active",
      [name],
    )
    yield* sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1", [
      name,
    ])
    yield* sql(`DROP DATABASE ${name} WITH (FORCE)`)
    // What it was granted has gone with the database.
    yield* sql(`DROP ROLE IF EXISTS afluente_${name}`)
  }).pipe(Effect.ignore)
