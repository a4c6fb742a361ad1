/** What `query/duckdb` answers about lakes that the program wrote. */
import { mkdirSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { asRecords, runScript } from "../support/duckdb.ts"
import {
  type ClientsLake,
  expectedHours,
  expectedRows,
  historyOf,
  knownHistory,
  lakeServer,
  openBusyLake,
  openKnownLake,
  queryText,
} from "./clientsLake.ts"

/** Runs the file as it is but for the folders. */
const ask = ({ lake }: ClientsLake, file: string) =>
  Effect.map(
    runScript(
      queryText(file)
        .replaceAll("'lake", `'${lake.folder}`)
        .replaceAll("'parquet", `'${lake.folder}/parquet`),
    ),
    asRecords,
  )

layer(lakeServer, { excludeTestServices: true })("query/duckdb", (it) => {
  it.effect("tells the table as it is, though transactions were open during full", () =>
    Effect.gen(function* () {
      const clients = yield* openBusyLake()
      assert.deepStrictEqual(yield* ask(clients, "duckdb/current_state.sql"), yield* expectedRows(clients))
    }),
  )

  it.effect("tells the table as it is after a TRUNCATE", () =>
    Effect.gen(function* () {
      const clients = yield* openBusyLake(
        "TRUNCATE db_loja.cliente; INSERT INTO db_loja.cliente (id, nome) SELECT n, 'depois' FROM generate_series(1, 9) AS n",
      )
      assert.deepStrictEqual(yield* ask(clients, "duckdb/current_state.sql"), yield* expectedRows(clients))
    }),
  )

  it.effect("tells the history of a row in order, with the keys it had", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      assert.deepStrictEqual(historyOf(yield* ask(clients, "duckdb/history_of_one.sql")), knownHistory)
    }),
  )

  it.effect("counts the changes of each hour", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      const expected = yield* expectedHours(clients)
      assert.deepStrictEqual(yield* ask(clients, "duckdb/changes_per_hour.sql"), expected)
    }),
  )

  it.effect("writes Parquet that holds every row and value of the lake", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      const parquet = `${clients.lake.folder}/parquet`
      for (const part of ["full", "inc", "manifest"]) mkdirSync(`${parquet}/${part}`, { recursive: true })
      yield* ask(clients, "duckdb/to_parquet.sql")
      const written = (part: string) =>
        Effect.map(runScript(`FROM '${parquet}/${part}/*.parquet'`), asRecords)
      assert.deepStrictEqual(
        [yield* written("full"), yield* written("inc")],
        [yield* clients.lake.allRecords("full/"), yield* clients.lake.allRecords("inc/")],
      )
    }),
  )
})
