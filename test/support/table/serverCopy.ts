/** What the server itself writes as CSV. It writes a file, so that no driver stands between. */
import { randomBytes } from "node:crypto"
import { Effect } from "effect"
import type { TestDatabase } from "../postgres/postgres.ts"
import { TestPostgres } from "../postgres/postgres.ts"
import { promisedSettings } from "./awkwardTable.ts"

/** The bytes of `COPY (query) TO … (FORMAT csv, HEADER)` under the settings that the lake promises. */
export const serverCopy = Effect.fn("serverCopy")(function* (database: TestDatabase, query: string) {
  const { server } = yield* TestPostgres
  const path = `'${server.dataFolder}/copy_${randomBytes(6).toString("hex")}.csv'`
  const { sql } = yield* database.session
  yield* sql(promisedSettings)
  yield* sql(`COPY (${query}) TO ${path} (FORMAT csv, HEADER)`)
  const [file] = yield* sql(`SELECT encode(pg_read_binary_file(${path}), 'base64') AS bytes`)
  return Buffer.from(file?.["bytes"] ?? "", "base64")
}, Effect.scoped)

/** The rows of a query as text under the same settings, each value as the server prints it. */
export const serverRows = Effect.fn("serverRows")(function* (database: TestDatabase, query: string) {
  const { sql } = yield* database.session
  yield* sql(promisedSettings)
  return (yield* sql(query)).map((row) => Object.values(row))
}, Effect.scoped)
