/** What a snapshot holds fast until it is copied, and which rows of it are a table's own. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Result, Stream } from "effect"
import * as PostgresSourceTables from "../../../layers/postgres/copy/PostgresSourceTables.ts"
import { oneCsv } from "../../../src/columns/ProjectedCopy.ts"
import { type Snapshot, SourceTables } from "../../../src/services/source/SourceTables.ts"
import { eventually } from "../../support/eventually.ts"
import { type TestDatabase, TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"

const shortWait = "SET LOCAL lock_timeout = '100ms'"
const lockNotAvailable = "55P03"

const opened = (url: string, names: ReadonlyArray<string>, readers: number) =>
  Effect.flatMap(SourceTables, (source) =>
    source.snapshot(names.map((name) => ({ schema: "public", name }))),
  ).pipe(Effect.provide(PostgresSourceTables.layer(sourceAddress(url), Option.some(readers))))

const copyOf = Effect.fnUntraced(function* (snapshot: Snapshot, name: string) {
  const copy = snapshot.copy(yield* snapshot.describe({ schema: "public", name }))
  return Buffer.concat(yield* Stream.runCollect(oneCsv(copy))).toString()
})

/** Large enough for two readers. */
const rowCount = 6000
const threeTables = ["a", "b", "c"]
  .map(
    (name) =>
      `CREATE TABLE ${name} AS SELECT n, repeat('x', 500) AS v FROM generate_series(1, ${rowCount}) AS n`,
  )
  .join(";")

const rowsBefore = Array.from({ length: rowCount }, (_, i) => i + 1)
const sortedRows = (csv: string): ReadonlyArray<number> =>
  csv
    .split("\n")
    .slice(1, -1)
    .map((line) => Number(line.split(",")[0]))
    .sort((a, b) => a - b)

/** The copies of these relations of `public`, and what was done between the moment of the snapshot and the first of them. */
const copied = Effect.fn("copied")(function* (
  { url, sql }: TestDatabase,
  names: ReadonlyArray<string>,
  meanwhile: ReadonlyArray<string> = [],
  readers = 1,
) {
  const snapshot = yield* opened(url, names, readers)
  const outcomes = yield* Effect.forEach(meanwhile, (statement) =>
    Effect.result(sql(`${shortWait}; ${statement}`)),
  )
  const copies = yield* Effect.forEach(names, (name) => copyOf(snapshot, name))
  const codes = outcomes.map((outcome) => (Result.isFailure(outcome) ? outcome.failure.code : "done"))
  return { copies, codes }
}, Effect.scoped)

/** A view over another, in schemas that the program's role has no rights in. */
const overHidden = `
  CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int, k int); INSERT INTO hidden.t VALUES (1, 1), (2, 2);
  CREATE VIEW hidden.below AS SELECT id FROM hidden.t; CREATE VIEW v AS SELECT id FROM hidden.below`

const nothingHidden = (role: string) =>
  `REVOKE ALL ON ALL TABLES IN SCHEMA hidden FROM ${role}; REVOKE ALL ON SCHEMA hidden FROM ${role}`

layer(TestPostgres.shared, { excludeTestServices: true })("a snapshot", (it) => {
  for (const statement of [
    "TRUNCATE hidden.t",
    "ALTER TABLE hidden.t ALTER k TYPE bigint",
    "CREATE OR REPLACE VIEW v AS SELECT 3 AS id",
  ]) {
    it.effect(`keeps the rows of a view whose tables the role cannot even see: ${statement} waits`, () =>
      Effect.gen(function* () {
        const database = yield* (yield* TestPostgres).database(overHidden)
        yield* database.sql(nothingHidden(database.role))
        assert.deepStrictEqual(yield* copied(database, ["v"], [statement, "DELETE FROM hidden.t"]), {
          copies: ["id\n1\n2\n"],
          codes: [lockNotAvailable, "done"],
        })
      }),
    )
  }

  it.effect(
    "locks with rights on single columns alone: of a table, and of a view's owner on the tables below",
    () =>
      Effect.gen(function* () {
        const { database: open, sql: asSuperuser } = yield* TestPostgres
        const database = yield* open(overHidden)
        const owner = `owner_${database.name}`
        yield* Effect.acquireRelease(asSuperuser(`CREATE ROLE ${owner}`), () =>
          Effect.ignore(database.sql(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`)),
        )
        // Enough to read with, and not enough for LOCK TABLE.
        yield* database.sql(
          `${nothingHidden(database.role)}; GRANT USAGE ON SCHEMA hidden TO ${owner}; GRANT SELECT (id) ON hidden.t TO ${owner};
         CREATE VIEW partly AS SELECT id FROM hidden.t; ALTER VIEW partly OWNER TO ${owner}; GRANT SELECT ON partly TO ${database.role};
         CREATE TABLE t AS SELECT n AS id, repeat('x', 500) AS v FROM generate_series(1, 20000) AS n; REVOKE ALL ON t FROM ${database.role};
         GRANT SELECT (id), SELECT (v) ON t TO ${database.role}`,
        )
        const names = ["partly", "t"]
        // Ranges of blocks, by which several sessions read, need a right on the whole table.
        const { copies, codes } = yield* copied(
          database,
          names,
          ["TRUNCATE t", "TRUNCATE hidden.t", "INSERT INTO hidden.t VALUES (3, 3)"],
          2,
        )
        assert.deepStrictEqual(
          [copies.map((copy) => copy.split("\n").length - 2), codes],
          [
            [2, 20_000],
            [lockNotAvailable, lockNotAvailable, "done"],
          ],
        )
      }),
  )

  it.effect("keeps the rows of a materialized view: a REFRESH waits", () =>
    Effect.gen(function* () {
      const database = yield* (yield* TestPostgres).database(
        "CREATE TABLE t AS SELECT 1 AS id; CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
      )
      const refresh = "UPDATE t SET id = 2; REFRESH MATERIALIZED VIEW m"
      assert.deepStrictEqual(yield* copied(database, ["m"], [refresh]), {
        copies: ["id\n1\n"],
        codes: [lockNotAvailable],
      })
    }),
  )

  for (const readers of [1, 2]) {
    it.effect(
      `gives a table free when its copy is done, and not the ones after it, with ${readers} readers`,
      () =>
        Effect.gen(function* () {
          const { url, sql } = yield* (yield* TestPostgres).database(threeTables)
          const snapshot = yield* opened(url, ["a", "b", "c"], readers)
          const attempt = (name: string) =>
            Effect.map(
              Effect.result(sql(`${shortWait}; ALTER TABLE ${name} ALTER n TYPE text`)),
              Result.isSuccess,
            )
          const attempts: Array<ReadonlyArray<boolean>> = []
          const attemptAll = Effect.gen(function* () {
            attempts.push([yield* attempt("c"), yield* attempt("b"), yield* attempt("a")])
          })
          yield* sql("DELETE FROM a; DELETE FROM b; DELETE FROM c")
          const copies = []
          for (const name of ["a", "b", "c"]) {
            yield* attemptAll
            copies.push(yield* copyOf(snapshot, name))
            yield* snapshot.release({ schema: "public", name })
          }
          yield* attemptAll
          assert.deepStrictEqual(attempts, [
            [false, false, false],
            [false, false, true],
            [false, true, true],
            [true, true, true],
          ])
          assert.deepStrictEqual(copies.map(sortedRows), Array(3).fill(rowsBefore))
        }).pipe(Effect.scoped),
    )

    it.effect(`reads past an ALTER TABLE that waits for it, with ${readers} readers`, () =>
      Effect.gen(function* () {
        const { url, sql, session } = yield* (yield* TestPostgres).database(threeTables)
        const snapshot = yield* opened(url, ["a", "b"], readers)
        const other = yield* session
        const altered = yield* Effect.forkChild(other.sql("ALTER TABLE b ALTER n TYPE text"))
        const isQueued = sql("SELECT FROM pg_locks WHERE NOT granted AND relation = 'b'::regclass")
        yield* eventually(
          "the ALTER TABLE waits",
          Effect.map(isQueued, (rows) => rows.length > 0),
        )
        for (const name of ["a", "b"]) {
          assert.deepStrictEqual(sortedRows(yield* copyOf(snapshot, name)), rowsBefore)
          yield* snapshot.release({ schema: "public", name })
        }
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(altered)))
      }).pipe(Effect.scoped),
    )
  }

  it.effect("gives free what it does not copy too, in any order", () =>
    Effect.gen(function* () {
      const { url, sql } = yield* (yield* TestPostgres).database(threeTables)
      const snapshot = yield* opened(url, ["a", "b", "c"], 1)
      for (const name of ["b", "c", "a"]) yield* snapshot.release({ schema: "public", name })
      yield* sql(`${shortWait}; TRUNCATE a, b, c`)
    }).pipe(Effect.scoped),
  )

  it.effect("says which table it cannot lock, and what it waits for", () =>
    Effect.gen(function* () {
      const { url, session } = yield* (yield* TestPostgres).database(threeTables)
      const other = yield* session
      yield* other.sql("BEGIN; LOCK TABLE b")
      const failure = yield* Effect.flip(opened(url, ["a", "b"], 1))
      assert.deepStrictEqual([failure.reason, failure.subject], ["Interrupted", 'table "public"."b"'])
      assert.include(failure.detail, "ALTER TABLE")
    }).pipe(Effect.scoped),
  )

  it.effect(
    "holds of an unlogged or a foreign parent its own rows alone, and of a partitioned table all",
    () =>
      Effect.gen(function* () {
        const database = yield* (yield* TestPostgres).database(`
        CREATE UNLOGGED TABLE parent (a text); CREATE UNLOGGED TABLE child () INHERITS (parent);
        INSERT INTO parent VALUES ('parent'); INSERT INTO child VALUES ('child');
        CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE far (a text) SERVER files OPTIONS (program 'echo far', format 'csv');
        CREATE TABLE near () INHERITS (far); INSERT INTO near VALUES ('near');
        CREATE TABLE parted (a text) PARTITION BY LIST (a); CREATE TABLE part PARTITION OF parted DEFAULT; INSERT INTO parted VALUES ('part');
        CREATE VIEW seen AS SELECT * FROM parent; CREATE MATERIALIZED VIEW kept AS SELECT * FROM parent`)
        const names = ["parent", "child", "far", "near", "parted", "seen", "kept"]
        const { copies } = yield* copied(database, names)
        assert.deepStrictEqual(copies, [
          "a\nparent\n",
          "a\nchild\n",
          "a\nfar\n",
          "a\nnear\n",
          "a\npart\n",
          // Through a view as whoever made it wants it.
          "a\nparent\nchild\n",
          "a\nparent\nchild\n",
        ])
      }),
  )

  it.effect("does not lose its session for having nothing to do while another one reads", () =>
    Effect.gen(function* () {
      const database = yield* (yield* TestPostgres).database(
        "CREATE VIEW v AS SELECT current_setting('idle_in_transaction_session_timeout') AS limit",
      )
      assert.deepStrictEqual((yield* copied(database, ["v"])).copies, ["limit\n0\n"])
    }),
  )

  it.effect("waits for a lock of others as long as any session, before and after a table is released", () =>
    Effect.gen(function* () {
      const { url } = yield* (yield* TestPostgres).database(
        ["v", "w"]
          .map((name) => `CREATE VIEW ${name} AS SELECT current_setting('lock_timeout') AS limit`)
          .join(";"),
      )
      const snapshot = yield* opened(url, ["v", "w"], 1)
      assert.strictEqual(yield* copyOf(snapshot, "v"), "limit\n10s\n")
      yield* snapshot.release({ schema: "public", name: "v" })
      assert.strictEqual(yield* copyOf(snapshot, "w"), "limit\n10s\n")
    }).pipe(Effect.scoped),
  )
})
