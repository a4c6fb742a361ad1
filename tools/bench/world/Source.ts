/** The PostgreSQL that is measured against: an embedded one, with memory and log room enough that it is never the news. */
import { Effect } from "effect"
import { start } from "../../../layers/embedded/EmbeddedPostgres.ts"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import type { Environment } from "../../../test/support/program/program.ts"
import { sharedBuffersMB } from "../figures/Machine.ts"

const serverSettings = {
  shared_buffers: `${sharedBuffersMB()}MB`,
  wal_level: "logical",
  max_wal_size: "24GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
}

const database = "bench"

/** Lives as long as the scope, its data in a temporary folder below `place`. */
export const openSource = Effect.fn("openSource")(function* (place: string) {
  const server = yield* start({ scratchParent: place, durable: true, settings: serverSettings })
  const admin = yield* openSession(server.url("postgres"))
  // The order of C.UTF-8, which needs nothing of the system.
  yield* admin.sql(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`)
  const { sql } = yield* openSession(server.url(database))
  const [version] = yield* sql("SHOW server_version")
  const libpq: Environment = {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: database,
    PGSSLMODE: "disable",
  }
  return {
    /** On the database of the bench; `admin` on another, `postgres`. */
    sql,
    admin: admin.sql,
    /** Connection string of a database of this server. */
    urlOf: server.url,
    database,
    /** libpq's variables, for `psql` and for the tool. */
    libpq,
    version: version?.["server_version"] ?? "unknown",
  }
})

export type Source = Effect.Success<ReturnType<typeof openSource>>
