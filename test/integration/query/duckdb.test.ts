/** What `query/duckdb` answers about lakes that the program wrote. */
import { mkdirSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { asRecords, runScript } from "../../support/lake/duckdb.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import {
  type ClientsLake,
  expectedRows,
  lakeServer,
  openBusyLake,
  openKnownLake,
  queryText,
} from "./clientsLake.ts"
import { queryContract } from "./queryContract.ts"

/** Runs the file as it is but for the folders. */
const ask = ({ lake }: Pick<ClientsLake, "lake">, file: string) =>
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

  it.effect("tells a partitioned table as it is, of which one partition was truncated", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.cliente (id bigint PRIMARY KEY, saldo numeric(12,2), ativo boolean, v text) PARTITION BY RANGE (id);
                CREATE TABLE public.low PARTITION OF public.cliente FOR VALUES FROM (0) TO (10);
                CREATE TABLE public.high PARTITION OF public.cliente FOR VALUES FROM (10) TO (20);
                CREATE TABLE public.empty PARTITION OF public.cliente FOR VALUES FROM (20) TO (30);
                INSERT INTO public.cliente SELECT n, n, true, 'copied' FROM generate_series(1, 19) AS n`,
        tables: "public.cliente=clientes",
      })
      yield* pipeline.createSlot
      assert.strictEqual((yield* pipeline.run("full")).code, 0)
      yield* pipeline.sql(
        "UPDATE cliente SET id = 25 WHERE id = 3; UPDATE cliente SET v = 'changed' WHERE id > 12",
      )
      yield* pipeline.sql("TRUNCATE low; INSERT INTO cliente VALUES (1, 1, false, 'after')")
      yield* pipeline.sql(
        "BEGIN; TRUNCATE high, empty; INSERT INTO cliente VALUES (11, 1, false, 'after'); COMMIT",
      )
      yield* pipeline.sql(
        "INSERT INTO cliente VALUES (5, 1, NULL, ''), (26, 1, false, NULL); UPDATE cliente SET id = 12 WHERE id = 5",
      )
      assert.strictEqual((yield* pipeline.run("cdc", "--once")).code, 0)
      const rows = yield* ask({ lake: pipeline.lake }, "current_state.sql")
      assert.deepStrictEqual(
        rows.map(({ id, v }) => `${id} ${v}`),
        ["1 after", "11 after", "12 ", "26 null"],
      )
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

  it.effect("tells which columns were added with a default, so that older rows can have it", () =>
    Effect.gen(function* () {
      const { sql, run, lake, createSlot } = yield* openPipeline({
        setup: `CREATE TABLE public.cliente (id bigint PRIMARY KEY, nome text, saldo numeric(12,2) DEFAULT 0, ativo boolean);
                INSERT INTO public.cliente SELECT n, 'n' || n FROM generate_series(1, 4) AS n`,
        tables: "public.cliente=clientes",
      })
      const follow = Effect.map(run("cdc", "--once"), ({ code }) => assert.strictEqual(code, 0))
      yield* createSlot
      assert.strictEqual((yield* run("full")).code, 0)
      yield* sql("UPDATE cliente SET nome = 'antes' WHERE id = 1")
      yield* follow
      yield* sql("ALTER TABLE cliente ADD pais text DEFAULT 'BR'")
      yield* sql("UPDATE cliente SET pais = NULL WHERE id = 2; UPDATE cliente SET saldo = 9 WHERE id = 3")
      yield* sql("INSERT INTO cliente VALUES (5, 'n5', 1, true, 'PT')")
      yield* follow
      const [found, ...others] = yield* ask({ lake }, "column_defaults.sql")
      const { since = "", ...column } = found ?? {}
      assert.deepStrictEqual([column, others], [{ attnum: "5", name: "pais", missing: "BR" }, []])
      const older = `SELECT * REPLACE (CASE WHEN _lsn IS NULL OR _lsn < '${since}' THEN 'BR' ELSE pais END AS pais)`
      const rows = yield* runScript(
        queryText("duckdb/current_state.sql")
          .replaceAll("'lake", `'${lake.folder}`)
          .replace(/FROM (\(FROM copied UNION ALL BY NAME FROM unseen\))/, `FROM (${older} FROM $1)`),
      )
      assert.deepStrictEqual(
        asRecords(rows).map(({ id, pais }) => ({ id, pais })),
        (yield* sql("SELECT id::text, pais FROM cliente ORDER BY id")).map(({ id, pais }) => ({ id, pais })),
      )
    }),
  )
})
