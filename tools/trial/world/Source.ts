/** A PostgreSQL with the shop of `query/`, and the role of `query/role.sql` in it. */
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { Effect, Result } from "effect"
import type { EmbeddedServer } from "../../../layers/embedded/EmbeddedPostgres.ts"
import { parseSections, shopSections } from "../../../src/core/source/SqlSections.ts"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import { passwordSql, roleSql, tablesSql } from "../../../test/support/postgres/role.ts"

export const shop = Result.getOrThrow(
  parseSections(
    readFileSync(new URL("../../../query/demo_cdc_cliente_sync.sql", import.meta.url), "utf8"),
    shopSections,
  ),
)

/** Of the role. Not in quotes in any SQL, and long enough to be recognised in any output. */
export const password = randomBytes(9).toString("hex")

/** As the README says it: the role with its rights, by a superuser. */
export const roleAndRights = [
  roleSql("afluente", "loja"),
  passwordSql("afluente", password),
  tablesSql("afluente", "db_loja", "db_loja.cliente"),
]

/** The database `loja` with the table and its rows, without the role. */
export const openSource = Effect.fn("openSource")(
  function* (server: EmbeddedServer) {
    const { sql: administrate } = yield* openSession(server.url("postgres"))
    const [there] = yield* administrate("SELECT FROM pg_database WHERE datname = 'loja'")
    if (there === undefined) yield* administrate("CREATE DATABASE loja")
    const { sql } = yield* openSession(server.url("loja"))
    yield* sql(shop.schema)
    yield* sql(shop.rows)
    return {
      server,
      /** In the database `loja`, as superuser. */
      sql,
      /** What the program is given. */
      url: `postgres://afluente:${password}@127.0.0.1:${server.port}/loja`,
    }
  },
  (opened) => Effect.orDie(opened),
)

export type Source = Effect.Success<ReturnType<typeof openSource>>
