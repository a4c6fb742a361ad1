/** Tables whose columns, names and very selves change while `cdc` follows them. Random changes are in `tools/oracle`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { carry, shapesOf } from "../../support/program/carried.ts"
import { openPipeline } from "../../support/program/pipeline.ts"

const simple = { setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)", tables: "public.t" }

/** What is done to the table, and the object that comes of it: its header and its rows. */
const steps: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["INSERT INTO public.t VALUES (1, 'a')", ["id,v", "I,1,a"]],
  ["ALTER TABLE public.t ADD w text; INSERT INTO public.t VALUES (2, 'b', 'c')", ["id,v,w", "I,2,b,c"]],
  ["ALTER TABLE public.t DROP v; INSERT INTO public.t VALUES (3, 'd')", ["id,w", "I,3,d"]],
  [
    `ALTER TABLE public.t RENAME w TO "W, x"; UPDATE public.t SET "W, x" = 'e' WHERE id = 3`,
    ["id,W, x", "U,3,e"],
  ],
  [
    `ALTER TABLE public.t ALTER "W, x" TYPE integer USING length("W, x"); UPDATE public.t SET "W, x" = 7 WHERE id = 3`,
    ["id,W, x", "U,3,7"],
  ],
  ["ALTER TABLE public.t RENAME id TO chave; DELETE FROM public.t WHERE chave = 1", ["chave,W, x", "D,1,"]],
  [
    `ALTER TABLE public.t RENAME TO away; INSERT INTO public.away VALUES (4);
     ALTER TABLE public.away RENAME TO t; INSERT INTO public.t VALUES (5)`,
    ["chave,W, x", "I,5,"],
  ],
  [
    "DROP TABLE public.t; CREATE TABLE public.t (v text PRIMARY KEY, id integer); INSERT INTO public.t VALUES ('f', 6)",
    ["v,id", "I,f,6"],
  ],
  ["TRUNCATE public.t", ["v,id", "T,,"]],
]

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("inc", (it) => {
  it.effect("has each row under the header of its moment while cdc follows a table that changes", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple)
      yield* pipeline.createSlot
      const program = yield* pipeline.start("cdc")
      for (const [i, [change]] of steps.entries()) {
        // Each statement a transaction of its own.
        for (const statement of change.split(";")) yield* pipeline.sql(statement)
        yield* program.brings(
          change,
          Effect.map(pipeline.lake.objects("inc/"), (found) => found.length > i),
        )
      }
      yield* program.signal("SIGTERM")
      const { code, stderr } = yield* program.outcome
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(
        yield* shapesOf(pipeline),
        steps.map(([, object]) => object),
      )
    }),
  )

  it.effect("has each row under the header of its moment where all of it is one transaction", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple)
      yield* carry(pipeline, [["BEGIN", ...steps.map(([change]) => change), "COMMIT"].join(";")])
      assert.deepStrictEqual(yield* shapesOf(pipeline), [
        ["id,v", "I,1,a"],
        ["id,v,w", "I,2,b,c"],
        ["id,w", "I,3,d"],
        ["id,W, x", "U,3,e", "U,3,7"],
        // The table that has these columns is gone when the row is read: the row after it tells them.
        ["chave,W, x", "D,1,", "I,5,"],
        ["v,id", "I,f,6", "T,,"],
      ])
    }),
  )

  it.effect("has no value under another column's name where two columns have swapped theirs", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.t (a text, b text); ALTER TABLE public.t REPLICA IDENTITY FULL;
                INSERT INTO public.t VALUES ('a', NULL), (NULL, 'b'), ('c', 'd')`,
        tables: "public.t",
      })
      yield* carry(pipeline, [
        "INSERT INTO public.t VALUES ('first', 'second')",
        "ALTER TABLE public.t RENAME a TO c; ALTER TABLE public.t RENAME b TO a; ALTER TABLE public.t RENAME c TO b",
        "DELETE FROM public.t",
      ])
      assert.deepStrictEqual(yield* shapesOf(pipeline), [
        ["a,b", "I,first,second", "D,,a", "D,b,"],
        ["b,a", "D,c,d", "D,first,second"],
      ])
    }),
  )

  for (const [what, length] of [
    ["few", 1],
    ["more than memory holds", 20_000],
  ] as const) {
    it.effect(
      `has the deletes of a transaction in one object, whatever became of the columns since: ${what}`,
      () =>
        Effect.gen(function* () {
          const pipeline = yield* openPipeline({
            setup: `CREATE TABLE public.t (a text, b text, c text, d text); ALTER TABLE public.t REPLICA IDENTITY FULL;
                  INSERT INTO public.t SELECT CASE WHEN n % 2 = 0 THEN 'a' END, CASE WHEN n % 3 = 0 THEN 'b' END,
                    CASE WHEN n > 1 THEN 'c' END, repeat('d', ${length}) FROM generate_series(1, 300) n`,
            tables: "public.t",
          })
          yield* carry(pipeline, [
            "DELETE FROM public.t",
            "ALTER TABLE public.t DROP c; ALTER TABLE public.t ADD e text",
          ])
          const shapes = yield* shapesOf(pipeline)
          const d = "d".repeat(length)
          assert.deepStrictEqual(
            shapes.map(([header, ...rows]) => [header, rows.length, ...rows.slice(0, 3)]),
            [["a,b,c,d", 300, `D,,,,${d}`, `D,a,,c,${d}`, `D,,b,c,${d}`]],
          )
        }),
    )
  }

  it.effect("has deletes in one object with the rows after them in their transaction", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        ...simple,
        setup: `${simple.setup}; INSERT INTO public.t VALUES (1, 'a')`,
      })
      yield* carry(pipeline, [
        "BEGIN; DELETE FROM public.t; INSERT INTO public.t VALUES (2, 'b'); COMMIT",
        "ALTER TABLE public.t ADD w text",
      ])
      assert.deepStrictEqual(yield* shapesOf(pipeline), [["id,v", "D,1,", "I,2,b"]])
    }),
  )

  it.effect("begins at most as many objects as columns are gone where each delete is a transaction", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.t (id integer, a text, b text); ALTER TABLE public.t REPLICA IDENTITY FULL;
                INSERT INTO public.t VALUES (1, 'a', NULL), (2, NULL, 'b'), (3, 'a', NULL), (4, 'a', 'b'), (5, NULL, NULL)`,
        tables: "public.t",
      })
      yield* carry(pipeline, [
        ...[1, 2, 3, 4, 5].map((id) => `DELETE FROM public.t WHERE id = ${id}`),
        "DROP TABLE public.t; CREATE TABLE public.t (id integer PRIMARY KEY)",
      ])
      assert.deepStrictEqual(yield* shapesOf(pipeline), [
        ["id,a", "D,1,a"],
        ["id,a,b", "D,2,,b", "D,3,a,", "D,4,a,b", "D,5,,"],
      ])
    }),
  )
})
