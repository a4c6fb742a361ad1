/** Names that a table bears only between two looks at the catalog, on a real server. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { both, openFollowed, states } from "../../support/table/followedTables.ts"

/** Each runs the program up to ten times. */
const timeout = 180_000

const lossOf = (name: string) => new RegExp(`rows of ${name.replace(".", "\\.")}.*Run .*full`)

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc", (it) => {
  it.effect(
    "says that rows are missing which a table got under a name that it bore while cdc was down",
    () =>
      Effect.gen(function* () {
        const { sql, run, ids } = yield* openFollowed()
        yield* sql("ALTER TABLE a RENAME TO m")
        yield* sql("INSERT INTO m VALUES (2, 'under the passing name')")
        yield* sql("ALTER TABLE m RENAME TO a")
        yield* sql("INSERT INTO a VALUES (3, 'x'); INSERT INTO b VALUES (2, 'x')")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, lossOf("public.m"))
        assert.deepStrictEqual(
          [yield* ids("as"), yield* ids("bs")],
          [
            ["I1", "I3"],
            ["I1", "I2"],
          ],
        )
        const expected = ["as: needs full unknown relation", "bs: followed"]
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), expected)
        const verdict = yield* run("verify")
        assert.strictEqual(verdict.code, 4)
        assert.match(verdict.stdout, /^as {2}"as" needs full \(unknown relation, from 0\//m)
        assert.strictEqual((yield* run("full")).code, 0)
        assert.strictEqual((yield* run("verify")).code, 0)
        yield* sql("INSERT INTO a VALUES (4, 'x')")
        assert.notMatch((yield* run("cdc", "--once")).stderr, /WARN/)
        assert.strictEqual((yield* run("verify")).code, 0)
      }),
    timeout,
  )

  it.effect(
    "says so of a table that was renamed twice while it was down",
    () =>
      Effect.gen(function* () {
        const { sql, run, ids } = yield* openFollowed()
        yield* sql("ALTER TABLE a RENAME TO m; INSERT INTO m VALUES (2, 'x')")
        yield* sql("ALTER TABLE m RENAME TO c; INSERT INTO c VALUES (3, 'x')")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, lossOf("public.m"))
        assert.deepStrictEqual(yield* ids("as"), ["I1", "I3"])
        const expected = ["as: needs full unknown relation", "bs: followed"]
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), expected)
      }),
    timeout,
  )

  it.effect(
    "says so of the tables of a schema that was renamed and renamed back",
    () =>
      Effect.gen(function* () {
        const { sql, run } = yield* openFollowed()
        yield* sql("ALTER SCHEMA public RENAME TO passing; INSERT INTO passing.a VALUES (2, 'x')")
        yield* sql("ALTER SCHEMA passing RENAME TO public")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, lossOf("passing.a"))
        const [as] = states((yield* run("status", "--json")).stdout)
        assert.strictEqual(as, "as: needs full unknown relation")
      }),
    timeout,
  )

  it.effect(
    "says so where the name came and went within one POLL_INTERVAL",
    () =>
      Effect.gen(function* () {
        const { sql, start, run, ids } = yield* openFollowed()
        const program = yield* start("cdc")
        yield* sql("INSERT INTO b VALUES (2, 'x')")
        yield* program.says("cdc: batch written")
        yield* sql(
          "BEGIN; ALTER TABLE a RENAME TO m; INSERT INTO m VALUES (2, 'x'); ALTER TABLE m RENAME TO a; COMMIT",
        )
        yield* program.says("Run `node dist/main.js full`")
        yield* sql("INSERT INTO a VALUES (3, 'x')")
        yield* program.brings(
          "the table goes on",
          Effect.map(ids("as"), (rows) => rows.includes("I3")),
        )
        yield* program.signal("SIGTERM")
        assert.strictEqual((yield* program.outcome).code, 0)
        const [as] = states((yield* run("status", "--json")).stdout)
        assert.strictEqual(as, "as: needs full unknown relation")
      }),
    timeout,
  )

  it.effect(
    "stays quiet where a followed table is altered beside another one that is made and filled",
    () =>
      Effect.gen(function* () {
        const { sql, run, runWith } = yield* openFollowed()
        yield* sql("ALTER TABLE a ADD COLUMN w text; INSERT INTO a VALUES (2, 'x', 'y')")
        yield* sql("CREATE TABLE z (k integer PRIMARY KEY, v text); INSERT INTO z VALUES (1, 'x')")
        yield* sql("TRUNCATE b; INSERT INTO b VALUES (5, 'x')")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.notMatch(stderr, /WARN/)
        const expected = ["as: followed", "bs: followed"]
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), expected)
        assert.strictEqual((yield* runWith({ SOURCE_TABLES: both }, "verify")).code, 0)
      }),
    timeout,
  )
})
