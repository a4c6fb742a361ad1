/** What `cdc` writes: the rows of `inc`. How it lives and ends is in `cdcWriter.e2e.test.ts`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { rawRows } from "../../support/csv/rawRows.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { carry, only, shapesOf } from "../../support/program/carried.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { openOracle } from "../../support/slot/slotOracle.ts"
import { awkwardRows, awkwardSetup, awkwardTable, hostileDefaults } from "../../support/table/awkwardTable.ts"

const simple = (...more: ReadonlyArray<string>) => ({
  setup: ["CREATE TABLE public.t (id integer PRIMARY KEY, v text)", ...more].join("; "),
  tables: "public.t",
})

/** The large text is stored apart, and not sent when it does not change. */
const withLargeText = {
  setup: `CREATE TABLE public.t (id integer PRIMARY KEY, v text, "a, b" text, big text);
    ALTER TABLE public.t ALTER "a, b" SET STORAGE EXTERNAL, ALTER big SET STORAGE EXTERNAL;
    INSERT INTO public.t VALUES (1, 'x', repeat('ab', 5000), repeat('cd', 5000))`,
  tables: "public.t",
}

/** Full and inc of the awkward table under hostile defaults. */
const awkwardLake = Effect.gen(function* () {
  const pipeline = yield* openPipeline({ setup: awkwardSetup, tables: `${awkwardTable}=awkward` })
  yield* pipeline.sql(`ALTER TABLE ${awkwardTable} REPLICA IDENTITY FULL`)
  yield* pipeline.sql(hostileDefaults(pipeline.database.name))
  const rows = yield* carry(pipeline, awkwardRows)
  yield* pipeline.run("full")
  const [inc = ""] = yield* pipeline.lake.objects("inc/")
  const [full = ""] = yield* pipeline.lake.objects("full/")
  return { ...pipeline, rows, inc, full }
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("inc", (it) => {
  it.effect("holds every value in the very bytes that full has, whatever the server's defaults are", () =>
    Effect.gen(function* () {
      const { lake, inc, full } = yield* awkwardLake
      const [, ...changes] = rawRows(yield* lake.text(inc))
      const [, ...rows] = rawRows(yield* lake.text(full))
      const values = changes.map((row) => row.replace(/^I,[0-9A-F]{8}\/[0-9A-F]{8},\d+,\d+,[^,]+,,,/, ""))
      assert.deepStrictEqual(values.toSorted(), rows.toSorted())
    }),
  )

  it.effect("holds what an independent reader reads as the rows of full", () =>
    Effect.gen(function* () {
      const { lake, inc, full } = yield* awkwardLake
      const { rows: changes } = yield* lake.table(inc)
      const { rows } = yield* lake.table(full)
      const byKey = (some: ReadonlyArray<ReadonlyArray<string | null>>) =>
        some.toSorted((a, b) => Number(a[0]) - Number(b[0]))
      assert.deepStrictEqual(byKey(changes.map((row) => row.slice(7))), byKey(rows))
    }),
  )

  it.effect(
    "names its own columns first, and a column of the table that bears such a name gets an underscore",
    () =>
      Effect.gen(function* () {
        const { lake, inc, full } = yield* awkwardLake
        const { columns } = yield* lake.table(inc)
        const { columns: names } = yield* lake.table(full)
        const renamed = new Map([
          ["_op", "_op__"],
          ["_seq", "_seq_"],
        ])
        assert.deepStrictEqual(columns, [
          ...["_op", "_lsn", "_seq", "_xid", "_commit_ts", "_before", "_unchanged"],
          ...names.map((name) => renamed.get(name) ?? name),
        ])
      }),
  )

  it.effect("keeps in _before what the CSV of the row before had, as text, under REPLICA IDENTITY FULL", () =>
    Effect.gen(function* () {
      const { database, sql, run, lake, full } = yield* awkwardLake
      yield* sql(`UPDATE ${awkwardTable} SET s2 = 99`)
      yield* run("cdc", "--once")
      const updates = (yield* lake.allRecords("inc/")).filter((row) => row["_op"] === "U")
      const before = updates.map((row): Record<string, string | null> => JSON.parse(row["_before"] ?? "{}"))
      const known = (yield* lake.records(full)).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)),
      )
      const byKey = (rows: ReadonlyArray<Readonly<Record<string, string | null>>>) =>
        rows.toSorted((a, b) => Number(a['Id; "n"']) - Number(b['Id; "n"']))
      assert.deepStrictEqual(byKey(before), byKey(known), database.name)
    }),
  )

  it.effect("tells every kind of change in the order of the commits", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple())
      const rows = yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'a'), (2, '')",
        "UPDATE public.t SET v = NULL WHERE id = 1",
        "UPDATE public.t SET id = 3 WHERE id = 2",
        "DELETE FROM public.t WHERE id = 1",
        "TRUNCATE public.t",
        "BEGIN; INSERT INTO public.t VALUES (9, 'never'); ROLLBACK",
      ])
      assert.deepStrictEqual(only(rows, "_op", "_before", "_unchanged", "id", "v"), [
        ["I", null, null, "1", "a"],
        ["I", null, null, "2", ""],
        ["U", null, null, "1", null],
        ["U", '{"id":"2"}', null, "3", ""],
        ["D", null, null, "1", null],
        ["T", null, null, null, null],
      ])
    }),
  )

  it.effect("says where and when each change was committed, as the slot itself does", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup:
          "CREATE TABLE public.a (n integer); CREATE TABLE public.b (n integer); CREATE TABLE public.other (n integer)",
        tables: "public.a,public.b",
      })
      const oracle = yield* openOracle(pipeline.database)
      const rows = yield* carry(pipeline, [
        "BEGIN; INSERT INTO other VALUES (1), (2); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1), (2); INSERT INTO a VALUES (2); COMMIT",
        "INSERT INTO other VALUES (3)",
        "BEGIN; INSERT INTO b VALUES (3); SELECT pg_logical_emit_message(true, 'p', 'x'); INSERT INTO a VALUES (3); COMMIT",
        "BEGIN; INSERT INTO b VALUES (4); SAVEPOINT s; INSERT INTO b VALUES (0); ROLLBACK TO s; INSERT INTO b VALUES (5); COMMIT",
      ])
      const told = (yield* oracle.rows).filter(({ table }) => table !== "public.other")
      const ofTable = (name: string) => told.filter(({ table }) => table === name)
      assert.deepStrictEqual(
        only(rows, "_lsn", "_seq", "_xid", "_commit_ts"),
        [...ofTable("public.a"), ...ofTable("public.b")].map((row) => [
          row._lsn,
          row._seq,
          row._xid,
          row._commit_ts,
        ]),
      )
    }),
  )

  it.effect("puts _lsn between what the log held before the COMMIT and what it holds after it", () =>
    Effect.gen(function* () {
      const { createSlot, database, run, lake } = yield* openPipeline(simple())
      yield* createSlot
      const { sql } = yield* database.session
      yield* sql("BEGIN; INSERT INTO public.t VALUES (1, 'a')")
      const [before] = yield* sql("SELECT pg_current_wal_insert_lsn() AS lsn")
      yield* sql("COMMIT")
      const [after] = yield* sql("SELECT pg_current_wal_insert_lsn() AS lsn")
      yield* run("cdc", "--once")
      const [row] = yield* lake.allRecords("inc/")
      const [stands] = yield* sql("SELECT $1::pg_lsn < $2::pg_lsn AND $2::pg_lsn <= $3::pg_lsn AS between", [
        before?.["lsn"] ?? "",
        row?.["_lsn"] ?? "",
        after?.["lsn"] ?? "",
      ])
      assert.deepStrictEqual(stands, { between: "t" })
    }),
  )

  it.effect("keeps the whole old row under REPLICA IDENTITY FULL", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple("ALTER TABLE public.t REPLICA IDENTITY FULL"))
      const rows = yield* carry(pipeline, [
        `INSERT INTO public.t VALUES (1, E'"a\\n'), (2, NULL)`,
        "UPDATE public.t SET v = 'b'",
        "DELETE FROM public.t",
      ])
      assert.deepStrictEqual(only(rows, "_op", "_before", "id", "v"), [
        ["I", null, "1", '"a\n'],
        ["I", null, "2", null],
        ["U", '{"id":"1","v":"\\"a\\n"}', "1", "b"],
        ["U", '{"id":"2"}', "2", "b"],
        ["D", null, "1", "b"],
        ["D", null, "2", "b"],
      ])
    }),
  )

  it.effect("keeps of the old row the columns of the index under REPLICA IDENTITY USING INDEX", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.t (id integer PRIMARY KEY, code text NOT NULL UNIQUE, v text);
                ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_code_key`,
        tables: "public.t",
      })
      const rows = yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'c', 'a')",
        "UPDATE public.t SET id = 2",
        "UPDATE public.t SET code = 'd'",
        "DELETE FROM public.t",
      ])
      assert.deepStrictEqual(only(rows, "_op", "_before", "id", "code", "v"), [
        ["I", null, "1", "c", "a"],
        ["U", null, "2", "c", "a"],
        ["U", '{"code":"c"}', "2", "d", "a"],
        ["D", null, null, "d", null],
      ])
    }),
  )

  it.effect("has a row, although an empty one, for a delete that does not say which row it was", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple("ALTER TABLE public.t REPLICA IDENTITY NOTHING"))
      const rows = yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'a'), (2, 'b')",
        "UPDATE public.t SET id = 3 WHERE id = 1",
        "DELETE FROM public.t",
      ])
      assert.deepStrictEqual(only(rows, "_op", "_before", "id", "v"), [
        ["I", null, "1", "a"],
        ["I", null, "2", "b"],
        ["U", null, "3", "a"],
        ["D", null, null, null],
        ["D", null, null, null],
      ])
    }),
  )

  it.effect("lists large values that were not sent because they did not change", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(withLargeText)
      const rows = yield* carry(pipeline, [
        "UPDATE public.t SET v = 'y'",
        "UPDATE public.t SET big = NULL",
        "UPDATE public.t SET id = 2, big = ''",
      ])
      assert.deepStrictEqual(only(rows, "_unchanged", "id", "v", "a, b", "big"), [
        ['{"a, b",big}', "1", "y", null, null],
        ['{"a, b"}', "1", "y", null, null],
        ['{"a, b"}', "2", "y", null, ""],
      ])
    }),
  )

  it.effect("fills large values that did not change from the old row under REPLICA IDENTITY FULL", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(withLargeText)
      const rows = yield* carry(pipeline, [
        "ALTER TABLE public.t REPLICA IDENTITY FULL",
        "UPDATE public.t SET v = 'y'",
      ])
      assert.deepStrictEqual(only(rows, "_unchanged", "v", "a, b", "big"), [
        [null, "y", "ab".repeat(5000), "cd".repeat(5000)],
      ])
    }),
  )

  it.effect("has one row for each table of a TRUNCATE, whatever its flags", () =>
    Effect.gen(function* () {
      const names = ["public.a", 'public."B, c: "', "public.child"]
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.a (id serial PRIMARY KEY); CREATE TABLE public."B, c: " (x text);
                CREATE TABLE public.child (a integer REFERENCES public.a); CREATE TABLE public.other ()`,
        tables: `${names[0]},${names[1]}=b,${names[2]}`,
      })
      const oracle = yield* openOracle(pipeline.database)
      const rows = yield* carry(pipeline, [
        `TRUNCATE public.other, ${names.join(", ")}`,
        `TRUNCATE public.a, public."B, c: " RESTART IDENTITY CASCADE`,
        "TRUNCATE public.other",
      ])
      // The third tells of no table of ours.
      const [first, second] = (yield* oracle.rows).map(({ _lsn }) => _lsn)
      const both = [
        ["T", first, "1"],
        ["T", second, "1"],
      ]
      assert.deepStrictEqual(only(rows, "_op", "_lsn", "_seq"), [...both, ...both, ...both])
    }),
  )

  it.effect("begins a new object with a new header when the columns change", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple())
      yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'a')",
        `BEGIN; INSERT INTO public.t VALUES (2, 'b'); ALTER TABLE public.t ADD w integer DEFAULT 7;
         UPDATE public.t SET v = 'c' WHERE id = 1; ALTER TABLE public.t DROP v; DELETE FROM public.t WHERE id = 2; COMMIT`,
        `ALTER TABLE public.t RENAME w TO "W"`,
        "INSERT INTO public.t VALUES (3)",
        "DELETE FROM public.t WHERE id = 3",
      ])
      assert.deepStrictEqual(yield* shapesOf(pipeline), [
        ["id,v", "I,1,a", "I,2,b"],
        ["id,v,w", "U,1,c,7", "D,2,,"],
        ["id,W", "I,3,7", "D,3,"],
      ])
    }),
  )

  it.effect("takes the catalog's columns for deletes that come with no insert or update before them", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple("INSERT INTO public.t VALUES (1, 'a')"))
      const rows = yield* carry(pipeline, ["DELETE FROM public.t", "TRUNCATE public.t"])
      assert.deepStrictEqual(only(rows, "_op", "id", "v"), [
        ["D", "1", null],
        ["T", null, null],
      ])
    }),
  )

  it.effect("writes one object for each table that changed, in the folder of its dataset", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup:
          "CREATE TABLE public.a (n integer); CREATE TABLE public.b (n integer); CREATE TABLE public.c (n integer)",
        tables: "public.a,public.b=clientes,public.c",
      })
      yield* carry(pipeline, [
        "INSERT INTO a VALUES (1)",
        "BEGIN; INSERT INTO b VALUES (1); INSERT INTO a VALUES (2); COMMIT",
        "INSERT INTO b VALUES (2)",
      ])
      const objects = yield* pipeline.lake.objects("inc/")
      assert.match(
        objects.join(" "),
        /^inc\/a\/date=(\d{8})\/cdc_\1_\d{6}\.csv inc\/clientes\/date=(\d{8})\/cdc_\2_\d{6}\.csv$/,
      )
    }),
  )

  it.effect("is the same when a small bound divides it into many batches", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ ...simple(), settings: { BATCH_MAX_CHANGES: "1" } })
      const rows = yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'a'), (2, 'b')",
        "SELECT pg_logical_emit_message(false, 'p', n::text) FROM generate_series(1, 2) AS n",
        "UPDATE public.t SET v = v || '!'",
        "DELETE FROM public.t WHERE id = 1",
      ])
      const objects = yield* pipeline.lake.objects("inc/")
      assert.deepStrictEqual(
        [objects.length, ...only(rows, "_op", "id", "v")],
        [3, ["I", "1", "a"], ["I", "2", "b"], ["U", "1", "a!"], ["U", "2", "b!"], ["D", "1", null]],
      )
    }),
  )

  it.effect("finds changes of tables whose names need quotes, whatever the server's defaults are", () =>
    Effect.gen(function* () {
      const names = [`"a.b"."c;d -- e: "`, `"a.b"."it's \\ % $1"`, `public."SELECT"`, "Public.Ação_1"]
      const pipeline = yield* openPipeline({
        setup: [
          `CREATE SCHEMA "a.b"; CREATE SCHEMA "Ação; 1"`,
          ...names.map((name) => `CREATE TABLE ${name} (n integer)`),
        ].join("; "),
        tables: names.map((name, i) => `${name}=t${i}`).join(","),
      })
      yield* pipeline.sql(hostileDefaults(pipeline.database.name))
      const rows = yield* carry(
        pipeline,
        names.map((name, i) => `INSERT INTO ${name} VALUES (${i})`),
      )
      assert.deepStrictEqual(
        rows.map((row) => row["n"]),
        ["0", "1", "2", "3"],
      )
    }),
  )
})
