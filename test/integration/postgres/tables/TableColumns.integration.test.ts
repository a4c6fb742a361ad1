/** What the catalog of a real server says of columns, kept defaults and rewrites. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as PostgresSourceTables from "../../../../layers/postgres/copy/PostgresSourceTables.ts"
import { olderFile } from "../../../../src/cdc/tables/FollowedLeaves.ts"
import type { CatalogNumber } from "../../../../src/core/columns/ColumnNumbers.ts"
import { leafSet } from "../../../../src/core/lake/LeafSet.ts"
import { isRewrite } from "../../../../src/core/tables/TableMark.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import { type Relation, SourceTables } from "../../../../src/services/source/SourceTables.ts"
import { TestPostgres } from "../../../support/postgres/postgres.ts"
import { slotLayers } from "../../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../../support/postgres/sourceAddress.ts"

const setup = `
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN yes AS boolean;
  CREATE TABLE t (id int PRIMARY KEY, v varchar(10), n int);
  INSERT INTO t VALUES (1, 'a', 7);
  CREATE TABLE p (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
  CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
  INSERT INTO p VALUES (1, 'a');`

const table = (name: string) => ({ schema: "public", name })

/** Describes a table, and reads it as a writer does before each batch. */
const withCatalog = Effect.fnUntraced(function* <E>(
  program: (catalog: {
    readonly sql: (text: string) => Effect.Effect<unknown>
    readonly columns: (name: string) => Effect.Effect<ReadonlyArray<string>>
    readonly read: (
      name: string,
    ) => Effect.Effect<{ readonly file: string; readonly columns: string; readonly details: string }>
    readonly numbers: (name: string) => Effect.Effect<ReadonlyArray<CatalogNumber>>
    readonly relationOf: (name: string) => Effect.Effect<Relation>
  }) => Effect.Effect<void, E>,
) {
  const { name, sql, superuserUrl } = yield* (yield* TestPostgres).database(setup)
  const address = sourceAddress(superuserUrl)
  yield* Effect.gen(function* () {
    yield* (yield* ReplicationSlot).create
    const tables = yield* SourceTables
    const visit = yield* (yield* ChangeSource).visit
    const relationOf = (of: string) =>
      visit.relations({ tables: [table(of)], oids: [] }).pipe(
        Effect.flatMap(([found]) =>
          found === undefined ? Effect.die("no relation") : Effect.succeed(found),
        ),
        Effect.orDie,
      )
    yield* program({
      sql: (text) => Effect.orDie(sql(text)),
      columns: (of) =>
        tables.describe(table(of)).pipe(
          Effect.map(({ columns }) =>
            columns.map(({ attnum, name, type, missing }) =>
              [attnum, name, type, ...(missing === undefined ? [] : [`missing ${missing}`])].join(" "),
            ),
          ),
          Effect.orDie,
        ),
      numbers: (of) =>
        tables.describe(table(of)).pipe(
          Effect.map(({ numbers = [] }) => numbers),
          Effect.orDie,
        ),
      relationOf,
      read: (of) => Effect.map(relationOf(of), ({ file, details }) => ({ ...file, details })),
    })
  }).pipe(
    Effect.provide(slotLayers(address, `columns_${name}`)),
    Effect.provide(PostgresSourceTables.layer(address, Option.none())),
    Effect.scoped,
  )
})

layer(TestPostgres.shared, { excludeTestServices: true })("the columns of a table", (it) => {
  it.effect("have numbers, which a rename keeps and no later column gets", () =>
    withCatalog(({ sql, columns }) =>
      Effect.gen(function* () {
        yield* sql("ALTER TABLE t RENAME v TO w; ALTER TABLE t DROP n; ALTER TABLE t ADD n int")
        assert.deepStrictEqual(yield* columns("t"), [
          "1 id integer",
          "2 w character varying(10)",
          "4 n integer",
        ])
      }),
    ),
  )

  it.effect("have the text of what older rows hold, as a copy prints it", () =>
    withCatalog(({ sql, columns }) =>
      Effect.gen(function* () {
        const added = [
          ["bool", "true", "true"],
          ["yes", "true", "t"],
          ["bool[]", "'{t,f}'", "{t,f}"],
          ["text", "'a, \"b\" {c}'", 'a, "b" {c}'],
          ["text", "''", ""],
          ["box", "'(1,1),(0,0)'", "(1,1),(0,0)"],
          ["int[]", "'{1,2,3}'", "{1,2,3}"],
          ["mood", "'ok'", "ok"],
          ["timestamptz", "'2025-11-03 10:15:30-03'", "2025-11-03 13:15:30+00"],
          ["bytea", "'\\x00ff'", "\\x00ff"],
          ["numeric(12,2)", "1.5", "1.50"],
        ] as const
        for (const [i, [type, value]] of added.entries())
          yield* sql(`ALTER TABLE t ADD c${i} ${type} NOT NULL DEFAULT ${value}`)
        yield* sql("ALTER TABLE t ADD empty text")
        const found = yield* columns("t")
        assert.deepStrictEqual(
          found.slice(3).map((column) => /missing (.*)$/s.exec(column)?.[1]),
          [...added.map(([, , text]) => text), undefined],
        )
      }),
    ),
  )

  it.effect("of a partitioned table have what its partitions keep", () =>
    withCatalog(({ sql, columns }) =>
      Effect.gen(function* () {
        yield* sql(
          "ALTER TABLE p ADD x text DEFAULT 'k'; CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)",
        )
        assert.deepStrictEqual(yield* columns("p"), ["1 id integer", "2 v text", "3 x text missing k"])
      }),
    ),
  )

  it.effect("leave their numbers behind, with the transaction that dropped them", () =>
    withCatalog(({ sql, numbers }) =>
      Effect.gen(function* () {
        yield* sql("ALTER TABLE t DROP v, ADD v text DEFAULT 'n'")
        const found = yield* numbers("t")
        assert.deepStrictEqual(
          found.map(({ attnum, isDropped }) => [attnum, isDropped]),
          [
            [1, false],
            [2, true],
            [3, false],
            [4, false],
          ],
        )
        const [created, dropped, , added] = found.map(({ xid }) => xid)
        assert.strictEqual(dropped, added)
        assert.isAbove(dropped ?? 0, created ?? 0)
      }),
    ),
  )

  for (const [what, statement, rewrites] of [
    ["gets a column with a default", "ALTER TABLE t ADD x text DEFAULT 'k'", false],
    ["gets a column with a volatile default", "ALTER TABLE t ADD x uuid DEFAULT gen_random_uuid()", true],
    ["gets a type that needs other bytes", "ALTER TABLE t ALTER n TYPE bigint", true],
    ["gets a type that has the same bytes", "ALTER TABLE t ALTER v TYPE text", false],
    ["loses a column", "ALTER TABLE t DROP n", false],
    ["has a column renamed", "ALTER TABLE t RENAME n TO m", false],
    ["is emptied", "TRUNCATE t", false],
    ["is written anew", "VACUUM FULL t", false],
    ["is vacuumed and analyzed", "VACUUM (FREEZE, ANALYZE) t", false],
  ] as const)
    it.effect(`are ${rewrites ? "" : "not "}rewritten where the table ${what}`, () =>
      withCatalog(({ sql, read }) =>
        Effect.gen(function* () {
          const before = yield* read("t")
          yield* sql(statement)
          assert.strictEqual(isRewrite(before, yield* read("t")), rewrites)
        }),
      ),
    )

  it.effect("of a partitioned table are rewritten with those of its partitions", () =>
    withCatalog(({ sql, read }) =>
      Effect.gen(function* () {
        const before = yield* read("p")
        yield* sql("ALTER TABLE p ADD x text DEFAULT 'k'")
        assert.isFalse(isRewrite(before, yield* read("p")))
        yield* sql("ALTER TABLE p ALTER v TYPE bytea USING v::bytea")
        assert.isTrue(isRewrite(before, yield* read("p")))
      }),
    ),
  )

  it.effect("of a partitioned table are not rewritten where it gets a partition beside a column", () =>
    withCatalog(({ sql, relationOf }) =>
      Effect.gen(function* () {
        const before = yield* relationOf("p")
        const tree = before.tree ?? (yield* Effect.die("no partitions"))
        const lines = { leaves: new Map([["p", leafSet(tree)]]) }
        yield* sql(
          "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20); ALTER TABLE p ADD x text DEFAULT 'k'",
        )
        const now = yield* relationOf("p")
        assert.isFalse(isRewrite(before.file, olderFile(lines, "p", now.tree, now.file)))
        yield* sql("ALTER TABLE p ALTER v TYPE bytea USING v::bytea")
        const rewritten = yield* relationOf("p")
        assert.isTrue(isRewrite(before.file, olderFile(lines, "p", rewritten.tree, rewritten.file)))
      }),
    ),
  )

  for (const [what, statement] of [
    ["a column may no longer be NULL", "ALTER TABLE t ALTER v SET NOT NULL"],
    ["the primary key is another", "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, n)"],
    ["the replica identity is another", "ALTER TABLE t REPLICA IDENTITY FULL"],
  ] as const)
    it.effect(`have other details where ${what}`, () =>
      withCatalog(({ sql, read }) =>
        Effect.gen(function* () {
          const before = yield* read("t")
          yield* sql(statement)
          const now = yield* read("t")
          assert.notStrictEqual(now.details, before.details)
        }),
      ),
    )

  it.effect("have the same details after what changes no column", () =>
    withCatalog(({ sql, read }) =>
      Effect.gen(function* () {
        const before = yield* read("t")
        yield* sql(
          "INSERT INTO t VALUES (2, 'b', 8); ANALYZE t; GRANT SELECT (v) ON t TO PUBLIC; CREATE INDEX ON t (v)",
        )
        assert.deepStrictEqual(yield* read("t"), before)
      }),
    ),
  )
})
