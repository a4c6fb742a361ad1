/** One table read by several sessions: it must be the same copy as one session makes. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Result, Stream } from "effect"
import * as PostgresSourceTables from "../../../layers/postgres/copy/PostgresSourceTables.ts"
import { SourceTables } from "../../../src/services/source/SourceTables.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"
import { awkwardColumns, awkwardRows, awkwardSetup, awkwardTable } from "../../support/table/awkwardTable.ts"
import { serverCopy } from "../../support/table/serverCopy.ts"

/** Three ranges and a bit of small rows, and in each some that are larger than what a range may hold in memory. */
const setup = `
  CREATE TABLE t (n int PRIMARY KEY, "a ""name""" text, flag boolean, large text, last text DEFAULT 'end of row');
  ALTER TABLE t ALTER large SET STORAGE EXTERNAL;
  INSERT INTO t SELECT n, repeat(E'x,"y"\\n', 30) || n, n % 2 = 0, CASE WHEN n % 6000 = 0 THEN repeat('large', 600000) END
    FROM generate_series(1, 30000) AS n;
  DELETE FROM t WHERE n BETWEEN 2000 AND 9000;
  CREATE TABLE empty (LIKE t); CREATE VIEW seen AS SELECT * FROM t;`

/** Each session's rows are a part of their own, or all are one part. */
const apart = 0
const together = Number.POSITIVE_INFINITY

/** The header and the rows of a copy by so many sessions, and what was done while it ran. */
const copied = (
  url: string,
  name: string,
  readers: number,
  meanwhile: Effect.Effect<unknown, unknown> = Effect.void,
  schema = "public",
  divideFrom = apart,
) =>
  Effect.gen(function* () {
    const snapshot = yield* (yield* SourceTables).snapshot([{ schema, name }])
    const copy = yield* snapshot.copy(yield* snapshot.describe({ schema, name })).open(divideFrom)
    let begun = false
    const byPart = yield* Effect.forEach(
      copy.parts,
      (rows) =>
        rows.pipe(
          Stream.tap(() => {
            if (begun) return Effect.void
            begun = true
            return meanwhile
          }),
          Stream.runCollect,
        ),
      { concurrency: "unbounded" },
    )
    const chunks = byPart.flat()
    return {
      parts: byPart,
      chunks,
      text: Buffer.concat([copy.header, ...chunks.map(({ bytes }) => bytes)]).toString(),
      rows: chunks.reduce((sum, { rows }) => sum + rows, 0),
    }
  }).pipe(Effect.provide(PostgresSourceTables.layer(sourceAddress(url), Option.some(readers))), Effect.scoped)

/** The last column is the same in each row, and stands nowhere else. The header, ahead of whichever row is first, is no part of that row. */
const rowsOf = (text: string): ReadonlyArray<string> =>
  text
    .slice(text.indexOf("\n") + 1)
    .split(",end of row\n")
    .sort()

/** The header first, then the rows in an order of their own. A record ends at a line end outside of quotes. */
const recordsOf = (text: string): ReadonlyArray<string> => {
  const [header = "", ...rows] = text.match(/(?:[^"\n]|"(?:[^"]|"")*")*\n/g) ?? []
  return [header, ...rows.sort()]
}

/** How many sessions read tables. Counted while a copy runs. */
const readersThere =
  "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'afluente snapshot%'"

layer(TestPostgres.shared, { excludeTestServices: true })("a table that several sessions read", (it) => {
  it.effect("is the copy that one session makes, rows in another order", () =>
    Effect.gen(function* () {
      const { url } = yield* (yield* TestPostgres).database(setup)
      const one = yield* copied(url, "t", 1)
      const four = yield* copied(url, "t", 4)
      assert.strictEqual(one.rows, 22_999)
      assert.strictEqual(four.rows, one.rows)
      assert.strictEqual(four.text.slice(0, 30), one.text.slice(0, 30))
      assert.deepStrictEqual(rowsOf(four.text), rowsOf(one.text))
    }),
  )

  it.effect("is a part per session where it is large enough, and one part below that", () =>
    Effect.gen(function* () {
      const { url } = yield* (yield* TestPostgres).database(setup)
      const one = yield* copied(url, "t", 1)
      const parts = yield* Effect.forEach([apart, 1024 ** 2, 1024 ** 3, together], (divideFrom) =>
        Effect.map(copied(url, "t", 4, Effect.void, "public", divideFrom), (four) => {
          assert.deepStrictEqual(rowsOf(four.text), rowsOf(one.text))
          return four.parts.length
        }),
      )
      assert.deepStrictEqual(parts, [4, 4, 1, 1])
    }),
  )

  it.effect("arrives in chunks that say where rows end, and how many do", () =>
    Effect.gen(function* () {
      const { url } = yield* (yield* TestPostgres).database(setup)
      for (const [sessions, divideFrom] of [
        [1, apart],
        [3, apart],
        [3, together],
      ] as const) {
        const { parts, chunks } = yield* copied(url, "t", sessions, Effect.void, "public", divideFrom)
        // A row whose parts arrive one after the other counts once.
        for (const part of parts) {
          let begun = ""
          for (const { bytes, rows, endsRow } of part) {
            begun += Buffer.from(bytes).toString()
            if (!endsRow) assert.strictEqual(rows, 0)
            else {
              assert.isTrue(begun.endsWith(",end of row\n"))
              assert.strictEqual(begun.split(",end of row\n").length - 1, rows)
              begun = ""
            }
          }
          assert.strictEqual(begun, "")
        }
        // Rows of 3 MB: they arrive in parts.
        assert.isAbove(chunks.filter(({ endsRow }) => !endsRow).length, 10)
        assert.isBelow(Math.max(...chunks.map(({ bytes }) => bytes.length)), 1024 * 1024)
      }
    }),
  )

  it.effect("is read by several sessions at once, all of which see one moment", () =>
    Effect.gen(function* () {
      const { sql, url } = yield* (yield* TestPostgres).database(setup)
      const one = yield* copied(url, "t", 1)
      const sessions: Array<unknown> = []
      const meanwhile = Effect.gen(function* () {
        yield* sql(
          "INSERT INTO t SELECT n, 'late', true FROM generate_series(100001, 140000) AS n; DELETE FROM t WHERE n < 1000",
        )
        sessions.push(
          ...(yield* sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'afluente snapshot%'",
          )),
        )
      })
      const three = yield* copied(url, "t", 3, meanwhile)
      assert.strictEqual(sessions.length, 3)
      assert.deepStrictEqual(rowsOf(three.text), rowsOf(one.text))
    }),
  )

  it.effect("cannot be emptied or rewritten between the moment of the snapshot and its copy", () =>
    Effect.gen(function* () {
      const { sql, superuserUrl: url } = yield* (yield* TestPostgres).database(setup)
      const service = yield* Effect.provide(SourceTables, PostgresSourceTables.layer(sourceAddress(url)))
      yield* service.snapshot([{ schema: "public", name: "t" }])
      const refused = yield* Effect.forEach(
        ["TRUNCATE t", "ALTER TABLE t ALTER n TYPE bigint", "DELETE FROM t"],
        (statement) => Effect.result(sql(`SET LOCAL lock_timeout = '100ms'; ${statement}`)),
      )
      assert.deepStrictEqual(
        refused.map((result) => (Result.isFailure(result) ? result.failure.code : "done")),
        ["55P03", "55P03", "done"],
      )
    }),
  )

  it.effect("is read by as many as the server lets in", () =>
    Effect.gen(function* () {
      const { sql, url, name } = yield* (yield* TestPostgres).database(setup)
      const role = `narrow_${name}`
      yield* sql(
        `CREATE ROLE ${role} LOGIN PASSWORD 'narrow' CONNECTION LIMIT 2; GRANT SELECT ON t TO ${role}`,
      )
      const narrow = new URL(url)
      narrow.username = role
      narrow.password = "narrow"
      const four = yield* copied(narrow.href, "t", 4)
      yield* sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      assert.strictEqual(four.rows, 22_999)
    }),
  )

  it.effect("is read by one where there is nothing to divide: an empty table, a view", () =>
    Effect.gen(function* () {
      const { url } = yield* (yield* TestPostgres).database(setup)
      const empty = yield* copied(url, "empty", 4)
      assert.deepStrictEqual(empty, {
        parts: [[]],
        chunks: [],
        text: 'n,"a ""name""",flag,large,last\n',
        rows: 0,
      })
      const view = yield* copied(url, "seen", 4)
      assert.strictEqual(view.rows, 22_999)
    }),
  )

  it.effect("has as many empty lines as a table without columns has rows", () =>
    Effect.gen(function* () {
      const { sql, url } = yield* (yield* TestPostgres).database(
        "CREATE TABLE t (); INSERT INTO t SELECT FROM generate_series(1, 400000)",
      )
      let readers: unknown
      const look = Effect.map(sql(readersThere), ([seen]) => {
        readers = seen?.["count"]
      })
      const three = yield* copied(url, "t", 3, look)
      assert.deepStrictEqual([readers, three.rows, three.text === "\n".repeat(400_001)], ["3", 400_000, true])
    }),
  )

  for (const [what, schema, name, query, setup] of [
    [
      "of a table with dropped and generated columns",
      "public",
      "t",
      'SELECT ok::text AS ok, c, "C", late FROM public.t',
      `CREATE TABLE t (a int, ok boolean, c text, gone text, "C" text GENERATED ALWAYS AS (c || c) STORED);
       INSERT INTO t SELECT n, n % 2 = 0, E'x,"\n' || n, repeat('gone', 20) FROM generate_series(1, 20000) AS n;
       ALTER TABLE t DROP a, DROP gone, ADD late int DEFAULT 7;
       INSERT INTO t (ok, c, late) SELECT n % 3 = 0, repeat('y', 100) || n, n FROM generate_series(1, 20000) AS n`,
    ],
    [
      "of values of nearly every type",
      "Ação; 1",
      'o \\ "nome".x',
      `SELECT ${awkwardColumns.join(", ")} FROM ${awkwardTable}`,
      [
        awkwardSetup,
        ...awkwardRows.slice(0, 4),
        // Fills several ranges, so that the rows before and after it are not read by the same session.
        `INSERT INTO ${awkwardTable} ("Id; ""n""", texto) SELECT n, repeat('x', 1900) FROM generate_series(1000, 4000) AS n`,
        ...awkwardRows.slice(4),
      ].join(";\n"),
    ],
  ] as const) {
    it.effect(`is what the server's own COPY writes ${what}, rows in another order`, () =>
      Effect.gen(function* () {
        const database = yield* (yield* TestPostgres).database(setup)
        let readers: unknown
        const look = Effect.map(database.sql(readersThere), ([seen]) => {
          readers = seen?.["count"]
        })
        const three = yield* copied(database.url, name, 3, look, schema)
        const server = recordsOf((yield* serverCopy(database, query)).toString())
        assert.deepStrictEqual(recordsOf(three.text), server)
        assert.deepStrictEqual([readers, three.rows], ["3", server.length - 1])
      }),
    )
  }
})
