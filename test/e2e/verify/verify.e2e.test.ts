import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import pg from "pg"
import { ownerMark } from "../../../layers/node/FileOwner.ts"
import { eventually } from "../../support/eventually.ts"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { type Environment, runProgram } from "../../support/program/program.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"
import { s3Error } from "../../support/s3/scriptedS3.ts"
import { awkwardRows, awkwardSetup, awkwardTable, hostileDefaults } from "../../support/table/awkwardTable.ts"

const simple = `CREATE TABLE public.t (id integer PRIMARY KEY, v text);
  INSERT INTO public.t VALUES (1, 'a'), (2, ''), (3, NULL)`

/** A table that is in the lake as it is, and whose changes the slot keeps from now on. */
const shop = Effect.fn("shop")(function* (setup = simple, tables = "public.t=t", settings: Environment = {}) {
  const pipeline = yield* openPipeline({ setup, tables, settings })
  yield* pipeline.createSlot
  yield* pipeline.run("full")
  return pipeline
})

const wellSaid = /^t {2}equal/m

const isEqual = Effect.fnUntraced(function* ({ run }: Pick<Pipeline, "run">) {
  const { code, stdout, stderr } = yield* run("verify")
  assert.strictEqual(code, 0, stdout + stderr)
  assert.match(stdout, wellSaid)
  return stdout
})

/** The changes come to the lake in two batches, and some stay in the slot. */
const followed = Effect.fnUntraced(function* ({ sql, run }: Pipeline, changes: ReadonlyArray<string>) {
  for (const [i, change] of changes.entries()) {
    yield* sql(change)
    if (i % 3 === 1) yield* run("cdc", "--once")
  }
})

const large = (n: number) =>
  `(SELECT string_agg(md5(n::text || '${n}'), '') FROM generate_series(1, 300) AS n)`

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("verify", (it) => {
  it.effect("finds equal what inserts, updates, deletes and changes of the key made", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* followed(pipeline, [
        "INSERT INTO public.t VALUES (4, 'd'), (5, 'e')",
        "UPDATE public.t SET v = NULL WHERE id = 2; UPDATE public.t SET v = '' WHERE id = 3",
        "UPDATE public.t SET id = 10 WHERE id = 1",
        "UPDATE public.t SET id = 11 WHERE id = 10; DELETE FROM public.t WHERE id = 4",
        "INSERT INTO public.t VALUES (1, 'again'), (10, 'again'); DELETE FROM public.t WHERE id = 10",
        "UPDATE public.t SET id = id + 100; UPDATE public.t SET v = 'last' WHERE id = 101",
      ])
      yield* isEqual(pipeline)
    }),
  )

  it.effect("counts in what only the slot holds, and leaves it there", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd'); DELETE FROM public.t WHERE id = 1")
      const said = yield* isEqual(pipeline)
      assert.include(said, "2 changes, 2 of them still in the slot")
      assert.deepStrictEqual(yield* pipeline.lake.objects("inc/"), [])
      yield* pipeline.run("cdc", "--once")
      assert.lengthOf(yield* pipeline.lake.allRecords("inc/"), 2)
    }),
  )

  it.effect("waits for its turn with the slot where another session reads it, and goes on", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd')")
      const reader = new pg.Client({
        connectionString: pipeline.database.superuserUrl,
        // Known to the driver, and not to its types.
        ...{ replication: "database" },
      })
      yield* Effect.promise(() => reader.connect())
      // Has no end of its own: the slot is this reader's until its connection is closed.
      reader.query(`START_REPLICATION SLOT "${pipeline.slot}" LOGICAL 0/0`).catch(() => {})
      const isRead = Effect.map(
        pipeline.sql("SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1", [pipeline.slot]),
        ([slot]) => slot?.["active_pid"] != null,
      )
      yield* eventually("the slot is in use", isRead)
      const program = yield* pipeline.start("verify")
      const sessions = new Set<string | null | undefined>()
      const triesAgain = Effect.map(
        pipeline.sql(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'afluente verify'",
        ),
        (found) => found.reduce((seen, { pid }) => seen.add(pid), sessions).size > 2,
      )
      yield* program.brings("a third session asks for the slot", triesAgain)
      yield* Effect.promise(() => reader.end())
      const { code, stdout, stderr } = yield* program.outcome
      assert.strictEqual(code, 0, stdout + stderr)
      assert.include(stdout, "1 of them still in the slot")
      // It is no fault of the source.
      assert.notInclude(stderr, "tryingAgainFor")
    }),
  )

  it.effect("empties the table with TRUNCATE, and fills it again", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* followed(pipeline, [
        "INSERT INTO public.t VALUES (4, 'd')",
        "TRUNCATE public.t",
        "INSERT INTO public.t VALUES (1, 'new')",
        "BEGIN; TRUNCATE public.t; INSERT INTO public.t VALUES (2, 'newer'); COMMIT",
      ])
      yield* isEqual(pipeline)
    }),
  )

  it.effect(
    "takes large values that were not sent from where they were sent last, under another key too",
    () =>
      Effect.gen(function* () {
        const pipeline = yield* shop(
          `CREATE TABLE public.t (id integer PRIMARY KEY, n integer, a text, b text);
         ALTER TABLE public.t ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
         INSERT INTO public.t VALUES (1, 0, ${large(1)}, ${large(2)}), (2, 0, ${large(3)}, NULL), (3, 0, 'small', ${large(4)})`,
        )
        yield* followed(pipeline, [
          "UPDATE public.t SET n = n + 1",
          `UPDATE public.t SET b = ${large(5)} WHERE id = 1`,
          "UPDATE public.t SET id = id + 10",
          "UPDATE public.t SET n = 7; UPDATE public.t SET id = 21 WHERE id = 11",
          "UPDATE public.t SET n = 8 WHERE id = 21",
          `INSERT INTO public.t VALUES (1, 0, ${large(6)}, ${large(7)})`,
          `UPDATE public.t SET n = 9 WHERE id = 1; UPDATE public.t SET a = 'sent' WHERE id = 21`,
        ])
        assert.isAbove(
          (yield* pipeline.lake.allRecords("inc/")).filter((row) => row["_unchanged"] !== null).length,
          3,
        )
        yield* isEqual(pipeline)
      }),
  )

  it.effect("tells by the snapshot which transactions the full has seen, and not by position alone", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ setup: simple, tables: "public.t" })
      yield* pipeline.createSlot
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'before')")
      const open = yield* pipeline.database.session
      yield* open.sql(
        "BEGIN; INSERT INTO public.t VALUES (5, 'open'); SAVEPOINT s; UPDATE public.t SET v = 'sub' WHERE id = 4",
      )
      yield* pipeline.run("full")
      yield* open.sql("RELEASE s; SAVEPOINT r; DELETE FROM public.t; ROLLBACK TO r; COMMIT")
      yield* pipeline.run("cdc", "--once")
      yield* isEqual(pipeline)
    }),
  )

  it.effect("compares at a moment that open transactions are not part of", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      const open = yield* pipeline.database.session
      yield* open.sql("BEGIN; INSERT INTO public.t VALUES (5, 'open')")
      yield* pipeline.sql("INSERT INTO public.t VALUES (6, 'done')")
      yield* isEqual(pipeline)
      yield* open.sql("COMMIT")
      yield* isEqual(pipeline)
    }),
  )

  it.effect("sees commits that did not wait for the disk", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql(
        "SET synchronous_commit = off; INSERT INTO public.t SELECT n, 'x' FROM generate_series(10, 500) AS n",
      )
      yield* isEqual(pipeline)
    }),
  )

  it.effect(
    "finds no difference while writers and cdc go on",
    () =>
      Effect.gen(function* () {
        const pipeline = yield* shop(
          `CREATE TABLE public.t (id integer PRIMARY KEY, n integer, v text);
         INSERT INTO public.t SELECT n, 0, 'x' FROM generate_series(1, 500) AS n`,
        )
        yield* pipeline.start("cdc")
        const write = (seed: number) =>
          Effect.gen(function* () {
            const { sql } = yield* pipeline.database.session
            for (let i = 0; ; i++) {
              const one = ((i * 7 + seed * 131) % 500) + 1
              yield* sql(`BEGIN; UPDATE public.t SET n = n + 1 WHERE id = ${one}; SAVEPOINT s;
              DELETE FROM public.t WHERE id = ${(one % 500) + 1}; COMMIT`).pipe(
                Effect.catch(() => sql("ROLLBACK")),
              )
              yield* sql(`INSERT INTO public.t VALUES (${(one % 500) + 1}, 0, 'y') ON CONFLICT DO NOTHING`)
              if (i % 50 === seed) yield* sql("TRUNCATE public.t")
            }
          })
        const writers = yield* Effect.forEach([1, 2], (seed) => Effect.forkChild(write(seed)))
        for (let i = 0; i < 3; i++) yield* isEqual(pipeline)
        yield* Fiber.interruptAll(writers)
        yield* isEqual(pipeline)
      }),
    // Four runs of the program on a server that is kept busy.
    120_000,
  )

  it.effect("finds odd names and every type equal, whatever the server's defaults are", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop(awkwardSetup, `${awkwardTable}=t`)
      for (const row of awkwardRows.slice(0, 5)) yield* pipeline.sql(row)
      yield* pipeline.sql(hostileDefaults(pipeline.database.name))
      yield* pipeline.run("full")
      const other = yield* pipeline.database.session
      yield* other.sql("SET default_transaction_read_only = off")
      for (const row of awkwardRows.slice(5)) yield* pipeline.sql(row)
      yield* pipeline.run("cdc", "--once")
      yield* pipeline.sql(`UPDATE ${awkwardTable} SET "Id; ""n""" = "Id; ""n""" + 1000`)
      const said = yield* isEqual(pipeline)
      assert.notInclude(said, "and 0 changes")
    }),
  )

  it.effect("tells rows apart by all columns of a key, or of the index that was chosen for it", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: `CREATE TABLE public.a (x text, v text, "Y""" integer, PRIMARY KEY ("Y""", x));
                INSERT INTO public.a VALUES ('1,2', 'v', 1), ('1', 'v', 2), ('', 'v', 2);
                CREATE TABLE public.b (id integer PRIMARY KEY, code text NOT NULL, v text);
                CREATE UNIQUE INDEX code ON public.b (code) INCLUDE (v); ALTER TABLE public.b REPLICA IDENTITY USING INDEX code;
                INSERT INTO public.b VALUES (1, 'a', 'x'), (2, 'b', 'y')`,
        tables: "public.a,public.b",
      })
      yield* pipeline.createSlot
      yield* pipeline.run("full")
      yield* pipeline.sql(`UPDATE public.a SET x = x || '"' WHERE x <> ''; DELETE FROM public.a WHERE x = '';
        UPDATE public.b SET id = 7 WHERE id = 1; UPDATE public.b SET code = 'c' WHERE id = 2; DELETE FROM public.b WHERE code = 'a'`)
      const { code, stdout } = yield* pipeline.run("verify")
      assert.strictEqual(code, 0, stdout)
    }),
  )

  it.effect("counts rows that are the same, where REPLICA IDENTITY FULL stands in for a key", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop(
        `CREATE TABLE public.t (v text, n integer); ALTER TABLE public.t REPLICA IDENTITY FULL;
         INSERT INTO public.t VALUES ('a', 1), ('a', 1), (NULL, NULL), (NULL, NULL), ('', 2)`,
      )
      yield* followed(pipeline, [
        "DELETE FROM public.t WHERE ctid IN (SELECT min(ctid) FROM public.t WHERE v = 'a')",
        "UPDATE public.t SET n = 3 WHERE v IS NULL",
        "INSERT INTO public.t VALUES ('a', 1), (NULL, 3)",
      ])
      yield* isEqual(pipeline)
    }),
  )

  it.effect("follows a table without a key as long as it only grows, and then says what mends it", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop("CREATE TABLE public.t (v text); INSERT INTO public.t VALUES ('a'), ('a')")
      yield* pipeline.sql("INSERT INTO public.t VALUES ('a'), (NULL)")
      yield* isEqual(pipeline)
      yield* pipeline.sql("DELETE FROM public.t WHERE v IS NULL")
      const { code, stdout, stderr } = yield* pipeline.run("verify")
      assert.strictEqual(code, 2, stdout)
      assert.match(stderr, /which rows of \S+ 1 change was about/)
      assert.include(stderr, `ALTER TABLE \\"public\\".\\"t\\" REPLICA IDENTITY FULL`)
    }),
  )

  it.effect("offers a table with a key that key, where its identity is NOTHING", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop(`${simple}; ALTER TABLE public.t REPLICA IDENTITY NOTHING`)
      yield* pipeline.sql("DELETE FROM public.t WHERE id = 2")
      const { code, stderr } = yield* pipeline.run("verify")
      assert.strictEqual(code, 2)
      assert.include(stderr, `ALTER TABLE \\"public\\".\\"t\\" REPLICA IDENTITY DEFAULT`)
      yield* pipeline.sql("ALTER TABLE public.t REPLICA IDENTITY DEFAULT")
      const told = yield* pipeline.run("verify")
      assert.strictEqual(told.code, 2)
      assert.match(told.stderr, /of newer ones it does\. Run `full` again/)
      yield* pipeline.run("full")
      yield* isEqual(pipeline)
    }),
  )

  it.effect(
    "compares several tables, columns that bear our names, and tables of one column and of none",
    () =>
      Effect.gen(function* () {
        const pipeline = yield* openPipeline({
          setup: `CREATE TABLE public.a (_op integer PRIMARY KEY, _op_ text, _lsn text); INSERT INTO public.a VALUES (1, 'x', NULL);
                CREATE TABLE public.b (v text); ALTER TABLE public.b REPLICA IDENTITY FULL; INSERT INTO public.b VALUES (NULL), (NULL), ('');
                CREATE TABLE public.c (); INSERT INTO public.c DEFAULT VALUES`,
          tables: "public.a,public.b,public.c",
        })
        yield* pipeline.createSlot
        yield* pipeline.run("full")
        yield* pipeline.sql(`UPDATE public.a SET _op_ = 'y', _lsn = 'z'; UPDATE public.a SET _op = 2; INSERT INTO public.b VALUES (NULL), ('\\.');
        DELETE FROM public.b WHERE v = ''; INSERT INTO public.c DEFAULT VALUES`)
        const { code, stdout, stderr } = yield* pipeline.run("verify")
        assert.strictEqual(code, 0, stdout + stderr)
      }),
  )

  it.effect(
    "takes columns by their numbers where the columns have changed, and by their names, which ask for a full, without the history",
    () =>
      Effect.gen(function* () {
        const pipeline = yield* shop()
        yield* pipeline.sql("UPDATE public.t SET v = 'w' WHERE id = 1; ALTER TABLE public.t ADD n integer")
        yield* pipeline.sql("UPDATE public.t SET n = 5 WHERE id = 2; INSERT INTO public.t VALUES (9, 'i', 9)")
        yield* pipeline.run("cdc", "--once")
        yield* isEqual(pipeline)
        yield* pipeline.sql("ALTER TABLE public.t DROP n; ALTER TABLE public.t ADD m integer DEFAULT 4")
        yield* isEqual(pipeline)
        const { lake } = pipeline
        for (const key of yield* lake.keys)
          if (key.includes("/_schema_")) yield* Effect.promise(() => rm(join(lake.folder, key)))
        yield* Effect.forEach(
          (yield* lake.keys).filter((key) => key.includes("/_full_")),
          (key) =>
            Effect.promise(async () => {
              const path = join(lake.folder, key)
              await writeFile(path, (await readFile(path, "utf8")).replaceAll(/,\s*"attnum": \d+/g, ""))
            }),
        )
        const { code, stdout } = yield* pipeline.run("verify")
        assert.strictEqual(code, 4)
        assert.include(stdout, "t  different  id=1  in m\n")
        assert.include(stdout, "run `full` again")
        yield* pipeline.run("full")
        yield* isEqual(pipeline)
      }),
  )

  it.effect("asks for a full where there is none", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({ setup: simple, tables: "public.t" })
      yield* pipeline.createSlot
      const { code, stderr } = yield* pipeline.run("verify")
      assert.strictEqual(code, 2)
      assert.include(stderr, "run `full` first")
      // There is nothing to compare it with: it is not read.
      assert.match(stderr, /tables copied.* rows=0\b/)
    }),
  )

  it.effect("compares with the lake alone where the slot is gone", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd')")
      yield* pipeline.run("cdc", "--once")
      yield* pipeline.sql("SELECT pg_drop_replication_slot($1)", [pipeline.slot])
      assert.include(yield* isEqual(pipeline), "Compared with the lake alone")
      yield* pipeline.sql("INSERT INTO public.t VALUES (5, 'e')")
      const { code, stdout } = yield* pipeline.run("verify")
      assert.strictEqual(code, 4)
      assert.include(stdout, "t  missing    id=5")
    }),
  )

  it.effect("tells programs the same as one JSON document", () =>
    Effect.gen(function* () {
      const pipeline = yield* shop()
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd')")
      const { code, stdout } = yield* pipeline.run("verify", "--json")
      const { tables, equal } = JSON.parse(stdout)
      assert.deepStrictEqual(
        [code, equal, tables[0].changes, tables[0].waiting, tables[0].findings],
        [0, true, 1, 1, []],
      )
    }),
  )

  it.effect("reads compressed objects, and those that were written before", () =>
    Effect.gen(function* () {
      const gzip = (pipeline: Pipeline, ...args: ReadonlyArray<string>) =>
        runProgram(args, { ...pipeline.environment, CSV_COMPRESSION: "gzip" })
      const pipeline = yield* shop()
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd')")
      yield* pipeline.run("cdc", "--once")
      yield* pipeline.sql("INSERT INTO public.t VALUES (5, 'e')")
      yield* gzip(pipeline, "cdc", "--once")
      yield* pipeline.sql("INSERT INTO public.t VALUES (6, 'f')")
      yield* isEqual({ run: (...args) => gzip(pipeline, ...args) })
      yield* gzip(pipeline, "full")
      assert.include(yield* isEqual(pipeline), ".csv.gz and 0 changes")
    }),
  )

  it.effect("compares the others where tables may not be read, or are gone", () =>
    Effect.gen(function* () {
      const names = ["a", "b", "c", "d"]
      const pipeline = yield* openPipeline({
        setup: names
          .map(
            (name) =>
              `CREATE TABLE public.${name} (x int, y int, PRIMARY KEY (x, y)); INSERT INTO public.${name} VALUES (1, 2)`,
          )
          .join(";"),
        tables: names.map((name) => `public.${name}`).join(","),
      })
      yield* pipeline.createSlot
      yield* pipeline.run("full")
      yield* pipeline.sql(`INSERT INTO public.d VALUES (3, 4);
        REVOKE SELECT ON public.b FROM ${pipeline.database.role}; DROP TABLE public.c`)
      const { code, stdout, stderr } = yield* pipeline.run("verify")
      assert.strictEqual(code, 2, stdout + stderr)
      for (const said of [
        /^a {2}equal/m,
        /^b {2}Source, .*denied/m,
        /^c {2}Source, .*does not exist/m,
        /^d {2}equal {2}the table: 2 rows/m,
      ]) {
        assert.match(stdout, said)
      }
    }),
  )

  it.effect("leaves its copies when it is killed, and the next start of any command removes them", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const temporary = Effect.promise(async () => (await readdir(folder)).length)
      const pipeline = yield* shop(simple, "public.t=t", { TMPDIR: folder })
      const holder = yield* pipeline.database.session
      yield* holder.sql("BEGIN; LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
      const program = yield* pipeline.start("verify")
      yield* program.brings(
        "it has a folder for its copies",
        Effect.map(temporary, (count) => count > 0),
      )
      yield* program.signal("SIGKILL")
      yield* program.outcome
      assert.strictEqual(yield* temporary, 1)
      yield* holder.sql("ROLLBACK")
      yield* pipeline.run("status")
      assert.strictEqual(yield* temporary, ownerMark() === "unknown" ? 1 : 0)
    }),
  )

  it.effect("works on a bucket", () =>
    Effect.gen(function* () {
      const bucket = yield* memoryS3
      const pipeline = yield* shop(simple, "public.t=t", bucket.environment)
      yield* pipeline.sql("INSERT INTO public.t VALUES (4, 'd'); DELETE FROM public.t WHERE id = 1")
      yield* pipeline.run("cdc", "--once")
      yield* isEqual(pipeline)
    }),
  )

  it.effect("needs no right to write", () =>
    Effect.gen(function* () {
      const bucket = yield* memoryS3
      const pipeline = yield* shop(simple, "public.t=t", bucket.environment)
      yield* bucket.suffer(({ method }, perform) =>
        ["GET", "HEAD"].includes(method) ? perform() : s3Error(403, "AccessDenied"),
      )
      yield* isEqual(pipeline)
    }),
  )
})
