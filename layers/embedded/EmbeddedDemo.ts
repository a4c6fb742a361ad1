/** The surroundings of the demo: an embedded PostgreSQL with a database of its own, and a lake in a temporary folder. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { sourceAddressOf } from "../../src/core/source/SourceAddress.ts"
import type { SourceError } from "../../src/services/source/SourceError.ts"
import { connect } from "../postgres/connection/PostgresSession.ts"
import { start } from "./EmbeddedPostgres.ts"
import type { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"

const database = "loja"

/** Runs until the scope closes, and leaves nothing behind. Returns the settings to use, as environment variables. */
export const startDemo: Effect.Effect<
  { readonly DATABASE_URL: string; readonly LAKE_URL: string },
  EmbeddedPostgresError | SourceError,
  Scope.Scope
> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "afluente-lake-"))),
    (created) => Effect.promise(() => rm(created, { recursive: true, force: true })),
  )
  const server = yield* start()
  const address = yield* Effect.orDie(
    Effect.fromResult(
      sourceAddressOf(
        new Map([
          ["host", server.host],
          ["port", String(server.port)],
          ["user", server.user],
          ["password", server.password],
          ["dbname", "postgres"],
          ["sslmode", "disable"],
        ]),
      ),
    ),
  )
  yield* Effect.scoped(
    Effect.flatMap(connect(address, "demo"), (session) =>
      session.query("demo", `CREATE DATABASE ${database}`),
    ),
  )
  return { DATABASE_URL: `${server.url(database)}?sslmode=disable`, LAKE_URL: `file:${folder}` }
})
