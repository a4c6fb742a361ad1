/** What `query/duckdb` answers about lakes that the program wrote. */
import { mkdirSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { asRecords, runScript } from "../../support/lake/duckdb.ts"
import { expectedRows, lakeServer, openBusyLake, openKnownLake, queryText } from "./clientsLake.ts"
import { type Ask, queryContract } from "./queryContract.ts"

/** Runs the file as it is but for the folders. */
const ask: Ask = ({ lake }, file) =>
  Effect.map(
    runScript(
      queryText(`duckdb/${file}`)
        .replaceAll("'lake", `'${lake.folder}`)
        .replaceAll("'parquet", `'${lake.folder}/parquet`),
    ),
    asRecords,
  )

layer(lakeServer, { excludeTestServices: true })("query/duckdb", (it) => {
  queryContract(it, ask)

  it.effect("tells the table as it is after a TRUNCATE", () =>
    Effect.gen(function* () {
      const clients = yield* openBusyLake(
        "TRUNCATE db_loja.cliente; INSERT INTO db_loja.cliente (id, nome) SELECT n, 'depois' FROM generate_series(1, 9) AS n",
      )
      assert.deepStrictEqual(yield* ask(clients, "current_state.sql"), yield* expectedRows(clients))
    }),
  )

  it.effect("writes Parquet that holds every row and value of the lake", () =>
    Effect.gen(function* () {
      const clients = yield* openKnownLake
      const parquet = `${clients.lake.folder}/parquet`
      for (const part of ["full", "inc", "manifest"]) mkdirSync(`${parquet}/${part}`, { recursive: true })
      yield* ask(clients, "to_parquet.sql")
      const written = (part: string) =>
        Effect.map(runScript(`FROM '${parquet}/${part}/*.parquet'`), asRecords)
      assert.deepStrictEqual(
        [yield* written("full"), yield* written("inc")],
        [yield* clients.lake.allRecords("full/"), yield* clients.lake.allRecords("inc/")],
      )
    }),
  )
})
