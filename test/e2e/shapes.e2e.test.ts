/** Tables and databases of unusual shape, as `full` and `cdc` carry them. Random ones are in `test/oracle`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { carry, copied, only, texts } from "../support/carried.ts"
import { openPipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"
import { runProgram } from "../support/program.ts"

/** Without the columns in which one run differs from the next. */
const plain = (inc: string): string =>
  inc.replace(/^([IUDT]),[0-9A-F]{8}\/[0-9A-F]{8},(\d+),\d+,[^,]+,/gm, "$1,$2,")

const header = "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged"

const simple = { setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)", tables: "public.t" }

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("full and inc", (it) => {
  it.effect("hold a table of 1,600 columns, which is as many as PostgreSQL allows", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 1600 }, (_, i) => `c${i}`)
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.t (${names.map((name) => `${name} smallint`).join()}); ALTER TABLE public.t REPLICA IDENTITY FULL`,
        tables: "public.t",
      })
      const [one, two] = [names.map((_, i) => i).join(), names.map((_, i) => -i).join()]
      yield* carry(pipeline, [
        `INSERT INTO public.t VALUES (${one})`,
        `UPDATE public.t SET (${names}) = ROW(${two})`,
        "DELETE FROM public.t",
        `INSERT INTO public.t VALUES (${two})`,
      ])
      const [inc = ""] = yield* texts(pipeline, "inc/")
      const before = JSON.stringify(Object.fromEntries(names.map((name, i) => [name, String(i)])))
      assert.deepStrictEqual(
        [plain(inc), ...(yield* copied(pipeline))],
        [
          `${header},${names}\nI,1,,,${one}\nU,1,"${before.replaceAll('"', '""')}",,${two}\nD,1,,,${two}\nI,1,,,${two}\n`,
          `${names}\n${two}\n`,
        ],
      )
    }),
  )

  it.effect("hold the rows of a table without columns", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ setup: "CREATE TABLE public.t ()", tables: "public.t" })
      yield* carry(pipeline, [
        "INSERT INTO public.t DEFAULT VALUES",
        "INSERT INTO public.t DEFAULT VALUES",
        "TRUNCATE t",
      ])
      yield* pipeline.sql("INSERT INTO public.t DEFAULT VALUES")
      const [inc = ""] = yield* texts(pipeline, "inc/")
      assert.deepStrictEqual(
        [plain(inc), ...(yield* copied(pipeline))],
        [`${header}\nI,1,,\nI,1,,\nT,1,,\n`, "\n\n"],
      )
    }),
  )

  it.effect("hold a value of 50 MB that is full of quotes and line ends", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple)
      const piece = 'ção, "x"\n'
      const count = Math.ceil(50_000_000 / Buffer.byteLength(piece))
      yield* carry(pipeline, [`INSERT INTO public.t SELECT 1, repeat('${piece}', ${count})`])
      const [inc = ""] = yield* texts(pipeline, "inc/")
      const [full = ""] = yield* copied(pipeline)
      const field = `"${piece.replaceAll('"', '""').repeat(count)}"`
      // Not shown where they differ: it would be a page of 50 MB.
      assert.deepStrictEqual([inc.endsWith(`,,,1,${field}\n`), full === `id,v\n1,${field}\n`], [true, true])
    }),
  )

  it.effect("hold what of a partitioned table is in the partitions that are named", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
                CREATE TABLE public.low PARTITION OF public.t FOR VALUES FROM (0) TO (10);
                CREATE TABLE public.high PARTITION OF public.t FOR VALUES FROM (10) TO (20)`,
        tables: "public.low,public.high",
      })
      yield* carry(pipeline, [
        "INSERT INTO public.t VALUES (1, 'a'), (11, 'b')",
        "UPDATE public.t SET id = 12 WHERE id = 1",
        "TRUNCATE public.t",
        "INSERT INTO public.t VALUES (2, 'c'), (12, 'd')",
      ])
      assert.deepStrictEqual(
        [
          only(yield* pipeline.lake.allRecords("inc/low/"), "_op", "id", "v"),
          only(yield* pipeline.lake.allRecords("inc/high/"), "_op", "id", "v"),
          yield* copied(pipeline),
        ],
        [
          [
            ["I", "1", "a"],
            ["D", "1", null],
            ["T", null, null],
            ["I", "2", "c"],
          ],
          [
            ["I", "11", "b"],
            ["I", "12", "a"],
            ["T", null, null],
            ["I", "12", "d"],
          ],
          ["id,v\n12,d\n", "id,v\n2,c\n"],
        ],
      )
    }),
  )

  it.effect("hold of a table that others inherit from its own rows alone", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.parent (id integer PRIMARY KEY);
                CREATE TABLE public.child (v text) INHERITS (public.parent)`,
        tables: "public.parent,public.child",
      })
      yield* carry(pipeline, [
        "INSERT INTO public.parent VALUES (1)",
        "INSERT INTO public.child VALUES (2, 'b')",
      ])
      assert.deepStrictEqual(
        [
          only(yield* pipeline.lake.allRecords("inc/parent/"), "_op", "id"),
          only(yield* pipeline.lake.allRecords("inc/child/"), "_op", "id", "v"),
          yield* copied(pipeline),
        ],
        [[["I", "1"]], [["I", "2", "b"]], ["id,v\n2,b\n", "id\n1\n"]],
      )
    }),
  )
})

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("full", (it) => {
  it.effect("copies what cdc cannot follow: views, partitioned and unlogged tables", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.a_parted (id integer) PARTITION BY RANGE (id);
                CREATE TABLE public.low PARTITION OF public.a_parted FOR VALUES FROM (0) TO (10);
                CREATE TABLE public.high PARTITION OF public.a_parted FOR VALUES FROM (10) TO (20);
                INSERT INTO public.a_parted VALUES (1), (11);
                CREATE VIEW public.b_view AS SELECT id + 1 AS id, true AS ok FROM public.a_parted;
                CREATE MATERIALIZED VIEW public.c_view AS SELECT count(*) AS n FROM public.a_parted;
                CREATE UNLOGGED TABLE public.d_unlogged AS SELECT 'x' AS v`,
        tables: "public.a_parted,public.b_view,public.c_view,public.d_unlogged",
      })
      assert.deepStrictEqual(yield* copied(pipeline), [
        "id\n1\n11\n",
        "id,ok\n2,true\n12,true\n",
        "n\n2\n",
        "v\nx\n",
      ])
    }),
  )

  it.effect("refuses to copy a part: rows that row-level security hides are not silently left out", () =>
    Effect.gen(function* () {
      const { database, sql, environment, lake } = yield* openPipeline({
        ...simple,
        setup: `${simple.setup}; INSERT INTO public.t VALUES (1, 'seen'), (2, 'hidden');
                ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.t USING (id = 1)`,
      })
      const role = `reader_${database.name}`
      yield* Effect.acquireRelease(
        sql(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'secret'; GRANT SELECT ON public.t TO ${role}`),
        () => Effect.ignore(sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
      )
      const url = new URL(environment["DATABASE_URL"] ?? "")
      url.username = role
      url.password = "secret"
      const { code, stderr } = yield* runProgram(["full"], { ...environment, DATABASE_URL: url.href })
      assert.deepStrictEqual([code, yield* lake.keys], [2, []], stderr)
      assert.match(stderr, /row-level security.*BYPASSRLS/s)
    }),
  )
})

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })("inc", (it) => {
  it.effect("passes by messages whose bytes are no text in the database's encoding", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ ...simple, encoding: "LATIN1" })
      const rows = yield* carry(pipeline, [
        "SELECT pg_logical_emit_message(false, 'p', 'ação')",
        // Before the first row PostgreSQL 15 prints it outside of the transaction, 18 as its first line.
        `BEGIN; INSERT INTO public.t VALUES (1, 'é'); SELECT pg_logical_emit_message(true, 'ç', '\\x00ff'::bytea); INSERT INTO public.t VALUES (2, 'ação'); COMMIT`,
      ])
      assert.deepStrictEqual(only(rows, "_seq", "v"), [
        ["1", "é"],
        ["3", "ação"],
      ])
    }),
  )

  it.effect("has a row for each row of COPY, MERGE and ON CONFLICT, whichever way they are logged", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple)
      const file = `${(yield* TestPostgres).server.dataFolder}/rows_${pipeline.database.name}.txt`
      const rows = yield* carry(pipeline, [
        `COPY (SELECT n, repeat(n::text, n * 10) FROM generate_series(1, 300) AS n) TO '${file}'`,
        `COPY public.t FROM '${file}'`,
        "DELETE FROM public.t WHERE id > 2",
        "INSERT INTO public.t VALUES (1, 'a'), (3, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v",
        `MERGE INTO public.t USING (VALUES (1), (2), (4)) AS s(n) ON t.id = s.n
           WHEN MATCHED AND n = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'c' WHEN NOT MATCHED THEN INSERT VALUES (n, 'd')`,
      ])
      const copy = Array.from({ length: 300 }, (_, i) => [
        "I",
        String(i + 1),
        String(i + 1).repeat((i + 1) * 10),
      ])
      const deleted = copy.slice(2).map(([, id]) => ["D", id, null])
      const told = only(rows, "_op", "id", "v")
      // Statements take their rows in the order of their plans.
      const part = (from: number, to?: number) =>
        told.slice(from, to).toSorted(([, a], [, b]) => Number(a) - Number(b))
      assert.deepStrictEqual(
        [part(0, 300), part(300, -5), part(-5, -3), part(-3)],
        [
          copy,
          deleted,
          [
            ["U", "1", "a"],
            ["I", "3", "b"],
          ],
          [
            ["D", "1", null],
            ["U", "2", "c"],
            ["I", "4", "d"],
          ],
        ],
      )
    }),
  )

  it.effect("does not wait for a table that somebody is about to change", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline(simple)
      const other = yield* pipeline.database.session
      yield* pipeline.createSlot
      yield* pipeline.sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* other.sql("BEGIN; ALTER TABLE public.t ADD w integer")
      const { code, stderr } = yield* pipeline.run("cdc", "--once")
      assert.deepStrictEqual(
        [code, only(yield* pipeline.lake.allRecords("inc/"), "_op", "id")],
        [0, [["I", "1"]]],
        stderr,
      )
    }),
  )

  it.effect("stops at a value whose bytes are no UTF-8, and says so without them", () =>
    Effect.gen(function* () {
      const { createSlot, sql, run } = yield* openPipeline({ ...simple, encoding: "SQL_ASCII" })
      yield* createSlot
      yield* sql("INSERT INTO public.t VALUES (1, 'a' || convert_from('\\xe7', 'SQL_ASCII'))")
      const outcomes = yield* Effect.forEach([["full"], ["cdc", "--once"]], (args) => run(...args))
      assert.deepStrictEqual(
        outcomes.map(({ code, stderr }) => [
          code,
          stderr.includes("cannot be written in UTF-8"),
          stderr.includes("0xe7"),
        ]),
        [
          [2, true, false],
          [2, true, false],
        ],
      )
    }),
  )
})
