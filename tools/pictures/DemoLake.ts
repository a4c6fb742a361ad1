/** The demo's lake in a bucket: the shop, its full copy, its changes, written by the program itself. */
import { readFileSync } from "node:fs"
import { Effect, Result } from "effect"
import { start } from "../../layers/embedded/EmbeddedPostgres.ts"
import { parseSections, shopSections } from "../../src/core/source/SqlSections.ts"
import { openSession } from "../../test/support/postgres/pgClient.ts"
import { runProgram } from "../../test/support/program/program.ts"
import type { Minio } from "./Minio.ts"

const shop = Result.getOrThrow(
  parseSections(
    readFileSync(new URL("../../../query/demo_cdc_cliente_sync.sql", import.meta.url), "utf8"),
    shopSections,
  ),
)

/** Fills the bucket `raw` of the server. The PostgreSQL that it comes from ends with it. Dies where a command fails. */
export const fillBucket = (minio: Minio, program: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const server = yield* start()
    const { sql: administrate } = yield* openSession(server.url("postgres"))
    yield* administrate("CREATE DATABASE loja")
    const { sql } = yield* openSession(server.url("loja"))
    const environment = {
      DATABASE_URL: `${server.url("loja")}?sslmode=disable`,
      SOURCE_TABLES: "db_loja.cliente=clientes",
      LAKE_URL: "s3://raw",
      MINIO_ENDPOINT: minio.endpoint,
      MINIO_ACCESS_KEY: minio.accessKey,
      MINIO_SECRET_KEY: minio.secretKey,
    }
    const run = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
      const { code, stdout, stderr } = yield* runProgram(args, environment, undefined, program)
      if (code !== 0)
        return yield* Effect.die(new Error(`${args.join(" ")} ended with ${code}\n${stdout}${stderr}`))
    })
    yield* run("init", "--demo")
    yield* run("full")
    yield* sql(shop.changes)
    yield* run("cdc", "--once")
  }).pipe(Effect.scoped, Effect.orDie)
