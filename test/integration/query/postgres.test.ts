/** What `query/postgres` answers, in PostgreSQL itself, about lakes that the program wrote. */
import { spawn } from "node:child_process"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import pg from "pg"
import { from } from "pg-copy-streams"
import type { TextRow } from "../../support/postgres/pgClient.ts"
import {
  type ClientsLake,
  changeFiles,
  clientRows,
  expectedHours,
  expectedRows,
  historyOf,
  knownHistory,
  lakeServer,
  openBusyLake,
  openKnownLake,
  queryText,
} from "./clientsLake.ts"

const oneCsv = fileURLToPath(new URL("../../../query/postgres/one_csv.sh", import.meta.url))
const asText = { getTypeParser: () => (value: string) => value }

/** What `load.psql` does, without psql, which not every machine has. */
const load = async (client: pg.Client, table: string, files: ReadonlyArray<string>) => {
  const shell = spawn("sh", [oneCsv, ...files], { stdio: ["ignore", "pipe", "inherit"] })
  const into = client.query(from(`COPY ${table} FROM STDIN (FORMAT csv, HEADER match)`))
  await pipeline(shell.stdout, into)
}

/** A session with the lake in its temporary tables. */
const openStaged = Effect.fn("openStaged")(function* (clients: ClientsLake) {
  const { database, lake } = clients
  const client = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const opened = new pg.Client({ connectionString: database.superuserUrl })
      await opened.connect()
      await opened.query(queryText("postgres/staging.sql"))
      await opened.query("SET TimeZone = 'UTC'")
      return opened
    }),
    (opened) => Effect.promise(() => opened.end()),
  )
  const manifest = (yield* lake.keys).findLast((key) => key.includes("/_full_")) ?? ""
  const text = yield* lake.text(manifest)
  const changes = yield* changeFiles(clients)
  yield* Effect.promise(async () => {
    await client.query("INSERT INTO lake_manifest VALUES ($1)", [text])
    await load(client, "lake_full", [`${lake.folder}/${JSON.parse(text).object}`])
    await load(client, "lake_inc", changes)
  })
  return (sql: string) =>
    Effect.promise(async () => (await client.query<TextRow>({ text: sql, types: asText })).rows)
})

/** A query as a part of another one. */
const nested = (file: string) => `(${queryText(file).trimEnd().replace(/;$/, "")})`

layer(lakeServer, { excludeTestServices: true })("query/postgres", (it) => {
  for (const [name, between] of [
    ["though transactions were open during full", "SELECT 1"],
    [
      "after a TRUNCATE",
      "TRUNCATE db_loja.cliente; INSERT INTO db_loja.cliente (id, nome) VALUES (1, 'depois')",
    ],
  ] as const) {
    it.effect(`tells the table as it is, ${name}`, () =>
      Effect.gen(function* () {
        const clients = yield* openBusyLake(between)
        const sql = yield* openStaged(clients)
        const rows = yield* sql(clientRows(nested("postgres/current_state.sql")))
        assert.deepStrictEqual(rows, yield* expectedRows(clients))
      }),
    )
  }

  it.effect("tells the history of a row in order, with the keys it had", () =>
    Effect.gen(function* () {
      const sql = yield* openStaged(yield* openKnownLake)
      const told = yield* sql(queryText("postgres/history_of_one.sql"))
      const compact = told.map((row) => ({ ...row, _before: row["_before"]?.replace(": ", ":") ?? null }))
      assert.deepStrictEqual(historyOf(compact), knownHistory)
    }),
  )

  it.effect("counts the changes of each hour", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      const sql = yield* openStaged(clients)
      assert.deepStrictEqual(
        yield* sql(queryText("postgres/changes_per_hour.sql")),
        yield* expectedHours(clients),
      )
    }),
  )

  it.effect("refuses to read objects of different columns together", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      yield* clients.sql(
        "ALTER TABLE db_loja.cliente ADD novo text; INSERT INTO db_loja.cliente (nome) VALUES ('x')",
      )
      yield* clients.carry
      const files = yield* changeFiles(clients)
      const code = yield* Effect.promise(
        () => new Promise((ended) => spawn("sh", [oneCsv, ...files], { stdio: "ignore" }).on("close", ended)),
      )
      assert.strictEqual(code, 1)
    }),
  )
})
