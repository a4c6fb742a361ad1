/** Partitioned tables of a real server under their root: `full`, `cdc`, `verify`, `status` and `doctor`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { states } from "../../support/table/followedTables.ts"

const timeout = 180_000

/**
 * Two levels of partitions, a leaf in another schema under a name that needs quotes, and an attached one whose columns have
 * another order and had one more.
 */
const setup = `
  CREATE SCHEMA loja; CREATE SCHEMA "Arquivo morto";
  CREATE TABLE loja.venda (id integer, mes integer, v text, big text, PRIMARY KEY (id, mes)) PARTITION BY RANGE (mes);
  CREATE TABLE loja.venda_01 PARTITION OF loja.venda FOR VALUES FROM (1) TO (2);
  CREATE TABLE loja.meio PARTITION OF loja.venda FOR VALUES FROM (2) TO (10) PARTITION BY RANGE (mes);
  CREATE TABLE loja.venda_02 PARTITION OF loja.meio FOR VALUES FROM (2) TO (3);
  CREATE TABLE "Arquivo morto"."Mês ""3""" PARTITION OF loja.meio FOR VALUES FROM (3) TO (4);
  CREATE TABLE loja.velha (gone integer, big text, v text, mes integer NOT NULL, id integer NOT NULL, PRIMARY KEY (id, mes));
  ALTER TABLE loja.velha DROP COLUMN gone;
  ALTER TABLE loja.venda ATTACH PARTITION loja.velha FOR VALUES FROM (100) TO (200);
  ALTER TABLE loja.velha ALTER big SET STORAGE EXTERNAL; ALTER TABLE loja.venda_01 ALTER big SET STORAGE EXTERNAL;
  INSERT INTO loja.venda SELECT n, 1 + n % 3, 'r' || n, repeat('x', 3000) FROM generate_series(1, 30) AS n;
  INSERT INTO loja.venda SELECT n, 100 + n, 'velha', repeat('y', 3000) FROM generate_series(1, 5) AS n`

const changes = `
  UPDATE loja.venda SET v = 'changed' WHERE id % 5 = 0;
  UPDATE loja.venda SET v = 'velha changed' WHERE mes = 101;
  UPDATE loja.venda SET mes = 2 WHERE id IN (3, 6) AND mes < 100;
  UPDATE loja.venda SET mes = 150 WHERE id = 9;
  UPDATE loja.venda SET mes = 1, v = 'back' WHERE mes = 103;
  DELETE FROM loja.venda WHERE id = 10 OR mes = 104;
  BEGIN;
  INSERT INTO loja.venda VALUES (50, 1, 'one', NULL), (50, 102, 'two', ''), (50, 3, 'a "b"', 'x');
  CREATE TABLE loja.venda_04 PARTITION OF loja.meio FOR VALUES FROM (4) TO (5);
  INSERT INTO loja.venda VALUES (60, 4, 'new leaf', 'x');
  COMMIT;
  UPDATE loja.venda SET mes = 4 WHERE id = 50 AND mes = 1`

const opened = Effect.gen(function* () {
  const pipeline = yield* openPipeline({ setup, tables: "loja.venda=vendas" })
  yield* pipeline.createSlot
  const partitions = (...columns: ReadonlyArray<string>) =>
    Effect.map(pipeline.lake.allRecords("inc/"), (rows) =>
      rows.map((row) => columns.map((column) => row[column] ?? "-").join(" ")),
    )
  const ok = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
    const { code, stdout, stderr } = yield* pipeline.run(...args)
    assert.strictEqual(code, 0, `${args.join(" ")}\n${stdout}${stderr}`)
    return stdout + stderr
  })
  return { ...pipeline, partitions, ok }
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("a partitioned table", (it) => {
  it.effect(
    "is rebuilt from full and inc without a difference, whatever its leaves are called and how their columns stand",
    () =>
      Effect.gen(function* () {
        const { sql, ok, lake, partitions } = yield* opened
        yield* ok("full")
        const [manifest] = yield* lake.manifests()
        assert.deepStrictEqual(
          manifest?.objects.map(({ partition, rows }) => `${partition} ${rows}`),
          ['"Arquivo morto"."Mês ""3""" 10', "loja.velha 5", "loja.venda_01 10", "loja.venda_02 10"],
        )
        const velha = yield* lake.text(manifest?.objects[1]?.object ?? "")
        assert.match(velha, /^id,mes,v,big\n1,101,velha,y+\n/)
        yield* ok("cdc", "--once")
        for (const change of changes.split(/;(?![^B]*COMMIT)/)) yield* sql(change)
        // Some of it is in the lake, the rest in the slot.
        yield* ok("verify")
        yield* ok("cdc", "--once")
        yield* ok("verify")
        yield* sql("UPDATE loja.venda SET v = 'last' WHERE mes > 1; TRUNCATE loja.venda_02")
        yield* sql("INSERT INTO loja.venda VALUES (70, 2, 'after', 'x')")
        yield* ok("verify")
        yield* ok("cdc", "--once")
        yield* ok("verify")
        yield* sql("TRUNCATE loja.meio; INSERT INTO loja.venda VALUES (71, 3, 'after', 'x')")
        yield* ok("cdc", "--once")
        yield* ok("verify")
        yield* sql("TRUNCATE loja.venda; INSERT INTO loja.venda VALUES (72, 120, 'after', 'x')")
        yield* ok("cdc", "--once")
        yield* ok("verify")
        const truncates = (yield* partitions("_op", "_partition", "_lsn")).filter((one) =>
          one.startsWith("T "),
        )
        assert.lengthOf(truncates, 1 + 3 + 5)
        assert.lengthOf(new Set(truncates.slice(-5).map((one) => one.split(" ").at(-1))), 1)
      }),
    timeout,
  )

  it.effect(
    "gets new leaves while cdc runs, with rows of the transaction that creates them, and needs no copy for that",
    () =>
      Effect.gen(function* () {
        const { sql, ok, start, partitions, run } = yield* opened
        yield* ok("full")
        const program = yield* start("cdc")
        yield* sql("INSERT INTO loja.venda VALUES (80, 1, 'first', '')")
        yield* program.says("cdc: batch written")
        for (let n = 5; n < 10; n++) {
          yield* sql(`BEGIN; CREATE TABLE loja.venda_0${n} PARTITION OF loja.meio FOR VALUES FROM (${n}) TO (${n + 1});
                      INSERT INTO loja.venda VALUES (${80 + n}, ${n}, 'new', ''); COMMIT`)
        }
        yield* sql("INSERT INTO loja.venda VALUES (99, 9, 'last', '')")
        yield* program.brings(
          "the last row is in the lake",
          Effect.map(partitions("id"), (ids) => ids.includes("99")),
        )
        yield* program.signal("SIGTERM")
        assert.strictEqual((yield* program.outcome).code, 0)
        assert.deepStrictEqual(yield* partitions("_op", "_partition", "id"), [
          "I loja.venda_01 80",
          ...[5, 6, 7, 8, 9].map((n) => `I loja.venda_0${n} ${80 + n}`),
          "I loja.venda_09 99",
        ])
        const { stdout } = yield* run("status", "--json")
        assert.deepStrictEqual(states(stdout), ["vendas: followed"])
        yield* ok("verify")
      }),
    timeout,
  )

  it.effect(
    "needs a copy where a leaf with rows was detached or attached, and is complete with the next full",
    () =>
      Effect.gen(function* () {
        const { sql, ok, run } = yield* opened
        yield* ok("full")
        yield* ok("cdc", "--once")
        const changes = [
          ["ALTER TABLE loja.venda DETACH PARTITION loja.venda_01", "detached"],
          [
            "INSERT INTO loja.venda_01 VALUES (500, 1, 'alone', ''); ALTER TABLE loja.venda ATTACH PARTITION loja.venda_01 FOR VALUES FROM (1) TO (2)",
            "attached",
          ],
        ] as const
        for (const [change, reason] of changes) {
          yield* sql(change)
          yield* sql("INSERT INTO loja.venda SELECT 1000 + max(id), 2, '', '' FROM loja.venda")
          assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
            `vendas: needs full ${reason}`,
          ])
          assert.strictEqual((yield* run("verify")).code, 4)
          yield* ok("cdc", "--once")
          yield* sql("INSERT INTO loja.venda SELECT 1000 + max(id), 2, '', '' FROM loja.venda")
          yield* ok("cdc", "--once")
          assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
            `vendas: needs full ${reason}`,
          ])
          yield* ok("full")
          yield* sql("INSERT INTO loja.venda SELECT 1000 + max(id), 2, '', '' FROM loja.venda")
          yield* ok("cdc", "--once")
          assert.deepStrictEqual(
            states((yield* run("status", "--json")).stdout),
            ["vendas: followed"],
            change,
          )
          yield* ok("verify")
        }
      }),
    timeout,
  )
})
