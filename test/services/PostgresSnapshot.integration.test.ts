/** What a snapshot holds fast until it is copied, and which rows of it are a table's own. */
import { assert, layer } from "@effect/vitest"
import { Effect, Logger, Option, Result, Stream } from "effect"
import * as PostgresSourceTables from "../../layers/PostgresSourceTables.ts"
import { SourceTables } from "../../src/services/SourceTables.ts"
import { type TestDatabase, TestPostgres } from "../support/postgres.ts"
import { sourceAddress } from "../support/sourceAddress.ts"

const shortWait = "SET LOCAL lock_timeout = '100ms'"
const lockNotAvailable = "55P03"

/** The copies of these relations of `public`, and what was done between the moment of the snapshot and the first of them. */
const copied = Effect.fn("copied")(function* (
  { url, sql }: TestDatabase,
  names: ReadonlyArray<string>,
  meanwhile: ReadonlyArray<string> = [],
) {
  const tables = names.map((name) => ({ schema: "public", name }))
  const snapshot = yield* (yield* Effect.provide(
    SourceTables,
    PostgresSourceTables.layer(sourceAddress(url), Option.some(1)),
  )).snapshot(tables)
  const outcomes = yield* Effect.forEach(meanwhile, (statement) =>
    Effect.result(sql(`${shortWait}; ${statement}`)),
  )
  const copies = yield* Effect.forEach(tables, (table) =>
    Effect.gen(function* () {
      const { csv } = snapshot.copy(yield* snapshot.describe(table))
      return Buffer.concat(yield* Stream.runCollect(csv)).toString()
    }),
  )
  const codes = outcomes.map((outcome) => (Result.isFailure(outcome) ? outcome.failure.code : "done"))
  return { copies, codes }
}, Effect.scoped)

/** A view over another, in schemas that the program's role has no rights in. */
const overHidden = `
  CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int, k int); INSERT INTO hidden.t VALUES (1, 1), (2, 2);
  CREATE VIEW hidden.below AS SELECT id FROM hidden.t; CREATE VIEW v AS SELECT id FROM hidden.below`

const nothingHidden = (role: string) =>
  `REVOKE ALL ON ALL TABLES IN SCHEMA hidden FROM ${role}; REVOKE ALL ON SCHEMA hidden FROM ${role}`

layer(TestPostgres.layer(), { excludeTestServices: true })("a snapshot", (it) => {
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
    "has its moment after a view was locked, and copies a view that it cannot lock with a warning",
    () =>
      Effect.gen(function* () {
        const { database: open, sql: asSuperuser } = yield* TestPostgres
        const database = yield* open(overHidden)
        const owner = `owner_${database.name}`
        yield* Effect.acquireRelease(asSuperuser(`CREATE ROLE ${owner}`), () =>
          Effect.ignore(database.sql(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`)),
        )
        // Enough to read the view with, and not enough for LOCK.
        yield* database.sql(
          `${nothingHidden(database.role)}; GRANT USAGE ON SCHEMA hidden TO ${owner}; GRANT SELECT (id) ON hidden.t TO ${owner};
         CREATE VIEW partly AS SELECT id FROM hidden.t; ALTER VIEW partly OWNER TO ${owner}; GRANT SELECT ON partly TO ${database.role};
         CREATE TABLE t AS SELECT 1 AS id; GRANT SELECT ON t TO ${database.role}`,
        )
        const warned: Array<string> = []
        const keep = Logger.make(({ message }) => warned.push(String(message)))
        const { copies, codes } = yield* Effect.provide(
          copied(database, ["partly", "v", "t"], ["TRUNCATE t", "INSERT INTO hidden.t VALUES (3, 3)"]),
          Logger.layer([keep]),
        )
        assert.deepStrictEqual(
          [copies, codes],
          [
            ["id\n1\n2\n", "id\n1\n2\n", "id\n1\n"],
            [lockNotAvailable, "done"],
          ],
        )
        assert.strictEqual(warned.length, 1)
        assert.match(warned[0] ?? "", /"public"."partly" cannot be locked .*GRANT SELECT/)
      }),
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
})
