/** Everyday work on followed tables that gives them no other name: it raises no alarm, whatever is done beside it. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openFollowed, states } from "../../support/table/followedTables.ts"

const timeout = 180_000

const everyday: ReadonlyArray<readonly [what: string, before: string, meanwhile: string]> = [
  [
    "is emptied and loaded through a table of its columns that is made for it",
    "",
    `CREATE TABLE staging (LIKE a); INSERT INTO staging VALUES (7, 'new'); TRUNCATE a;
     INSERT INTO a SELECT * FROM staging; DROP TABLE staging`,
  ],
  [
    "is emptied beside a table that is not followed",
    "CREATE TABLE other (n integer)",
    "TRUNCATE a; TRUNCATE other; INSERT INTO a VALUES (7, 'new'); INSERT INTO other VALUES (1)",
  ],
  [
    "is granted to somebody, while rows are written to a table of its columns that is altered too",
    "CREATE TABLE archive (LIKE a)",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC; INSERT INTO archive VALUES (7, 'old')",
  ],
  [
    "has a schema that is granted to somebody, while rows are written to a table of its columns",
    "CREATE TABLE archive (LIKE a)",
    "GRANT USAGE ON SCHEMA public TO pg_monitor; INSERT INTO archive VALUES (7, 'old')",
  ],
  [
    "is copied into a table by CREATE TABLE AS while it gets a trigger",
    "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    `CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION nothing();
     CREATE TABLE backup AS SELECT * FROM a; INSERT INTO a VALUES (7, 'new')`,
  ],
]

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("a table", (it) => {
  for (const [what, before, meanwhile] of everyday) {
    it.effect(
      `needs no new copy where it ${what}`,
      () =>
        Effect.gen(function* () {
          const { sql, run } = yield* openFollowed()
          if (before !== "") {
            yield* sql(before)
            yield* run("cdc", "--once")
          }
          yield* sql(meanwhile)
          const { code, stderr } = yield* run("cdc", "--once")
          assert.strictEqual(code, 0, stderr)
          assert.notMatch(stderr, /WARN/)
          assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
            "as: followed",
            "bs: followed",
          ])
          assert.strictEqual((yield* run("verify")).code, 0)
        }),
      timeout,
    )
  }
})
