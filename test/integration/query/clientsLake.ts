/**
 * Lakes of `db_loja.cliente` that the built program wrote, for the queries of `query/`, and what these must answer.
 */
import { readFileSync } from "node:fs"
import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { parseSections, shopSections } from "../../../src/core/source/SqlSections.ts"
import { eventually } from "../../support/eventually.ts"
import { type TestDatabase, TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import type { Outcome } from "../../support/program/program.ts"

/** A file of `query/`. */
export const queryText = (file: string): string =>
  readFileSync(new URL(`../../../query/${file}`, import.meta.url), "utf8")

const shop = Result.getOrThrow(parseSections(queryText("demo_cdc_cliente_sync.sql"), shopSections))

/** A server on which a transaction that wants a standby's word waits for it for ever, after its COMMIT is in the log. */
export const lakeServer = TestPostgres.layer({
  settings: { synchronous_standby_names: "nobody", synchronous_commit: "local" },
})

/**
 * Begins to commit a transaction: it is in the log, but no snapshot sees it until it may go on. So its position is before
 * that of a `full` that does not hold it, which otherwise only happens within microseconds.
 */
const halfCommitted = Effect.fn("halfCommitted")(function* ({ session, sql }: TestDatabase, change: string) {
  const own = yield* session
  const [backend] = yield* own.sql("SELECT pg_backend_pid()::text AS pid")
  const pid = backend?.["pid"] ?? ""
  yield* own.sql("SET synchronous_commit = on")
  const committing = yield* Effect.forkScoped(own.sql(change))
  yield* eventually(
    "a transaction waits to be seen",
    Effect.map(
      sql("SELECT FROM pg_stat_activity WHERE pid = $1::integer AND wait_event = 'SyncRep'", [pid]),
      (found) => found.length === 1,
    ),
  )
  return {
    finish: Effect.andThen(sql("SELECT pg_cancel_backend($1::integer)", [pid]), Fiber.join(committing)),
  }
})

/** Ends well, or the test says what the program said. */
const succeeds = ({ code, stderr }: Outcome) => assert.strictEqual(code, 0, stderr)

const openClients = Effect.gen(function* () {
  const pipeline = yield* openPipeline({
    setup: shop.schema + shop.rows,
    tables: "db_loja.cliente=clientes",
  })
  yield* pipeline.createSlot
  return {
    ...pipeline,
    carry: Effect.map(pipeline.run("cdc", "--once"), succeeds),
    copy: Effect.map(pipeline.run("full"), succeeds),
  }
})

export type ClientsLake = Effect.Success<typeof openClients>

/**
 * Random changes, the same in every run: inserts, also under keys that were deleted; updates that leave large values
 * alone, and of them; NULL, '' and line breaks; keys that change; deletes; one or a few to the transaction.
 * The rows 70 to 79 are left to the transactions that are told apart by `full`'s snapshot.
 */
const randomChanges = (count: number, round: number) => `
  DO $$
  DECLARE
    k bigint;
  BEGIN
    PERFORM setseed(0.1 * ${round});
    FOR n IN 1..${count} LOOP
      SELECT id INTO k FROM db_loja.cliente WHERE id NOT BETWEEN 70 AND 79 ORDER BY random() FOR UPDATE SKIP LOCKED LIMIT 1;
      CASE floor(random() * 8)
        WHEN 0 THEN
          INSERT INTO db_loja.cliente (id, nome, observacao)
          SELECT free, 'Novo', CASE floor(random() * 3) WHEN 0 THEN '' WHEN 1 THEN E'a\\r\\n"b", c\\n' END
          FROM generate_series(1, 40) AS free WHERE free NOT IN (SELECT id FROM db_loja.cliente)
          ORDER BY random() LIMIT 1 ON CONFLICT DO NOTHING;
        WHEN 1, 2, 3 THEN
          UPDATE db_loja.cliente SET saldo = saldo - 0.01, ativo = NOT ativo WHERE id = k;
        WHEN 4 THEN
          UPDATE db_loja.cliente SET observacao = CASE floor(random() * 4) WHEN 0 THEN '' WHEN 1 THEN NULL
            ELSE (SELECT string_agg(md5(n::text || m), E'\\n') FROM generate_series(1, 200) AS m) END WHERE id = k;
        WHEN 5 THEN
          UPDATE db_loja.cliente SET endereco = jsonb_build_object('n', (
            SELECT string_agg(md5(n::text || m), ',') FROM generate_series(1, 200) AS m)) WHERE id = k;
        WHEN 6 THEN
          UPDATE db_loja.cliente SET id = 1000 * ${round} + n WHERE id = k;
        ELSE
          DELETE FROM db_loja.cliente WHERE id = k;
      END CASE;
      IF random() < 0.6 THEN COMMIT; END IF;
    END LOOP;
  END
  $$`

/** The newest object of `inc` as `CSV_COMPRESSION=gzip` writes it: a lake may hold both forms. */
const compressNewest = Effect.fn("compressNewest")(function* ({ lake }: ClientsLake) {
  const newest = (yield* lake.objects("inc/")).at(-1) ?? ""
  const path = join(lake.folder, newest)
  yield* Effect.promise(async () => {
    await writeFile(`${path}.gz`, gzipSync(await readFile(path)))
    await rm(path)
  })
})

/** The objects of `inc`, compressed or not, as paths. */
export const changeFiles = ({ lake }: ClientsLake) =>
  Effect.map(lake.keys, (keys) =>
    keys.filter((key) => /^inc\/.*\.csv(\.gz)?$/.test(key)).map((key) => join(lake.folder, key)),
  )

/**
 * Changes before, during and after `full`, in several objects, with transactions open during `full`: one is committed
 * after it though it began before others that `full` holds, one is rolled back, two are in the log already. An older `full` lies beside it, and a
 * newer one that was never finished; one object is compressed. `between` is SQL between the last two batches. What the lake says of the table is in
 * `db_loja.esperado`.
 */
export const openBusyLake = Effect.fn("openBusyLake")(function* (between = "SELECT 1") {
  const clients = yield* openClients
  const { database, lake, sql, carry, copy } = clients
  yield* sql("TRUNCATE db_loja.cliente")
  yield* sql(shop.rows)
  yield* sql(randomChanges(60, 1))
  yield* copy
  yield* carry
  const committed = yield* database.session
  const rolledBack = yield* database.session
  yield* committed.sql(`BEGIN; UPDATE db_loja.cliente SET id = id + 5000, saldo = -1 WHERE id % 3 = 0;
    INSERT INTO db_loja.cliente (id, nome, email) VALUES (71, 'Aberta', ''), (72, 'Aberta', NULL)`)
  yield* rolledBack.sql("BEGIN; INSERT INTO db_loja.cliente (id, nome) VALUES (73, 'Nunca')")
  const early = yield* halfCommitted(
    database,
    "INSERT INTO db_loja.cliente (id, nome) VALUES (74, 'Quase'), (75, 'Quase'); UPDATE db_loja.cliente SET saldo = 5 WHERE id = 75",
  )
  yield* sql(randomChanges(60, 2))
  const late = yield* halfCommitted(database, "INSERT INTO db_loja.cliente (id, nome) VALUES (76, 'Quase')")
  yield* copy
  yield* early.finish
  yield* late.finish
  yield* committed.sql("DELETE FROM db_loja.cliente WHERE id = 72; COMMIT")
  yield* rolledBack.sql("ROLLBACK")
  yield* sql(randomChanges(60, 3))
  yield* carry
  yield* sql(between)
  yield* sql(randomChanges(60, 4))
  yield* carry
  yield* sql("CREATE TABLE db_loja.esperado AS TABLE db_loja.cliente; UPDATE db_loja.cliente SET nome = 'x'")
  yield* copy
  yield* compressNewest(clients)
  const newest = (yield* lake.keys).findLast((key) => key.includes("/_full_"))
  assert.isDefined(newest)
  yield* Effect.promise(() => rm(join(lake.folder, newest ?? "")))
  return clients
})

/** The rows of a table like `db_loja.cliente`, as the lake writes values. */
export const clientRows = (table: string) => `
  SELECT id::text, nome, email, cpf, nascimento::text, saldo::text, ativo::text, criado_em::text, endereco::text, observacao
  FROM ${table} AS cliente ORDER BY cliente.id`

/** What the table held when the last change was carried. */
export const expectedRows = ({ sql }: ClientsLake) =>
  Effect.andThen(sql("SET TimeZone = 'UTC'"), sql(clientRows("db_loja.esperado")))

/** A few changes that are known by heart, of the row 1 and of others. */
export const openKnownLake = Effect.gen(function* () {
  const clients = yield* openClients
  yield* clients.copy
  for (const change of [
    "UPDATE db_loja.cliente SET saldo = 1, observacao = '' WHERE id IN (1, 2)",
    "UPDATE db_loja.cliente SET id = 100, observacao = NULL WHERE id = 1",
    "INSERT INTO db_loja.cliente (id, nome, criado_em, observacao) VALUES (1, 'A', 'epoch', E'a\\nb')",
    "UPDATE db_loja.cliente SET nome = 'B' WHERE id = 100",
    "BEGIN; UPDATE db_loja.cliente SET id = 1000 WHERE id = 2; DELETE FROM db_loja.cliente WHERE id = 1; COMMIT",
    "TRUNCATE db_loja.cliente",
  ]) {
    yield* clients.sql(change)
  }
  yield* clients.carry
  return clients
})

/** The history of the row 1 in that lake. */
export const knownHistory = [
  { _op: "U", _before: null, id: "1", nome: "João da Conceição", saldo: "1.00", observacao: "" },
  { _op: "U", _before: '{"id":"1"}', id: "100", nome: "João da Conceição", saldo: "1.00", observacao: null },
  { _op: "I", _before: null, id: "1", nome: "A", saldo: "0.00", observacao: "a\nb" },
  { _op: "D", _before: null, id: "1", nome: null, saldo: null, observacao: null },
  { _op: "T", _before: null, id: null, nome: null, saldo: null, observacao: null },
]

/** Only the columns that the history is told by. */
export const historyOf = (rows: ReadonlyArray<Readonly<Record<string, string | null>>>) =>
  rows.map(({ _op, _before, id, nome, saldo, observacao }) => ({ _op, _before, id, nome, saldo, observacao }))

/** Counted from the lake without SQL. The changes may lie on both sides of a full hour. */
export const expectedHours = ({ lake }: ClientsLake) =>
  Effect.map(lake.allRecords("inc/"), (rows) => {
    const hourOf = (row: (typeof rows)[number]) => `${row["_commit_ts"]?.slice(0, 13)}:00:00`
    return [...new Set(rows.map(hourOf))].sort().map((hour) => {
      const within = rows.filter((row) => hourOf(row) === hour)
      const count = (op: string) => String(within.filter((row) => row["_op"] === op).length)
      return {
        hour,
        inserts: count("I"),
        updates: count("U"),
        deletes: count("D"),
        truncates: count("T"),
        transactions: String(new Set(within.map((row) => row["_lsn"])).size),
      }
    })
  })
