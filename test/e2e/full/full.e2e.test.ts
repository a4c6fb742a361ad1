import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { TestSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import {
  awkwardColumns,
  awkwardRows,
  awkwardSetup,
  awkwardTable,
  hostileDefaults,
} from "../../support/table/awkwardTable.ts"
import { serverCopy, serverRows } from "../../support/table/serverCopy.ts"

/** The awkward table, copied under defaults that would spoil it. */
const awkwardFull = Effect.gen(function* () {
  const pipeline = yield* openPipeline({ setup: awkwardSetup, tables: `${awkwardTable}=awkward` })
  for (const row of awkwardRows) yield* pipeline.sql(row)
  yield* pipeline.sql(hostileDefaults(pipeline.database.name))
  const outcome = yield* pipeline.run("full")
  const [object = ""] = yield* pipeline.lake.objects("full/")
  const query = `SELECT ${awkwardColumns.join(", ")} FROM ${awkwardTable}`
  return { ...pipeline, outcome, object, query }
})

/** Whether a session waits for a lock in this database. */
const isWaiting = (sql: TestSession["sql"]) =>
  Effect.map(
    sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"),
    (sessions) => sessions.length > 0,
  )

const simple = "CREATE TABLE public.t (id integer PRIMARY KEY, v text)"

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("full", (it) => {
  it.effect("writes the bytes that PostgreSQL's own COPY writes, whatever the server's defaults are", () =>
    Effect.gen(function* () {
      const { database, lake, object, query } = yield* awkwardFull
      assert.strictEqual(yield* lake.text(object), (yield* serverCopy(database, query)).toString("utf8"))
    }),
  )

  it.effect("writes what an independent reader reads as the table, NULL and the empty string apart", () =>
    Effect.gen(function* () {
      const { database, lake, object, query } = yield* awkwardFull
      const { rows } = yield* lake.table(object)
      assert.deepStrictEqual(rows, yield* serverRows(database, query))
    }),
  )

  it.effect("vouches for the object with a manifest of what it holds and of which moment", () =>
    Effect.gen(function* () {
      const { sql, run, lake, slot, database, createSlot } = yield* openPipeline({
        setup: `CREATE TABLE public.t (b integer NOT NULL, a numeric(12,2), c text[] NOT NULL, PRIMARY KEY (c, b));
                INSERT INTO public.t VALUES (1, 2.50, '{"x","y\nz"}'), (2, NULL, '{}')`,
        tables: "public.t=coisas",
      })
      yield* createSlot
      const [before] = yield* sql("SELECT pg_current_wal_insert_lsn() AS lsn, now() AS at")
      yield* run("full")
      const [server] = yield* sql(
        `SELECT system_identifier AS id, pg_current_wal_insert_lsn() AS lsn, now() AS at FROM pg_control_system()`,
      )
      const [manifest] = yield* lake.manifests()
      const [object = ""] = yield* lake.objects("full/")
      const [stands] = yield* sql(
        `SELECT $1::pg_lsn BETWEEN $2::pg_lsn AND $3::pg_lsn AS lsn, $4::timestamptz <= $5::timestamptz AS order,
                $4::timestamptz >= $6::timestamptz - '1 s'::interval AND $5::timestamptz <= $7::timestamptz + '1 s'::interval AS times,
                pg_visible_in_snapshot(pg_current_xact_id(), $8::pg_snapshot) AS later`,
        [
          manifest?.lsn ?? "",
          before?.["lsn"] ?? "",
          server?.["lsn"] ?? "",
          manifest?.started_at ?? "",
          manifest?.finished_at ?? "",
          before?.["at"] ?? "",
          server?.["at"] ?? "",
          manifest?.snapshot ?? "",
        ],
      )
      assert.deepStrictEqual(stands, { lsn: "t", order: "t", times: "t", later: "f" })
      assert.deepStrictEqual(manifest, {
        table: '"public"."t"',
        dataset: "coisas",
        object,
        columns: [
          { name: "b", type: "integer", nullable: false, attnum: 1 },
          { name: "a", type: "numeric(12,2)", nullable: true, attnum: 2 },
          { name: "c", type: "text[]", nullable: false, attnum: 3 },
        ],
        primary_key: ["c", "b"],
        rows: 2,
        bytes: (yield* lake.read(object)).length,
        objects: [
          {
            object,
            rows: 2,
            bytes: (yield* lake.read(object)).length,
            md5: yield* lake.md5(object),
          },
        ],
        snapshot: manifest?.snapshot ?? "",
        lsn: manifest?.lsn ?? "",
        slot,
        database: database.name,
        system_identifier: server?.["id"] ?? "",
        started_at: manifest?.started_at ?? "",
        finished_at: manifest?.finished_at ?? "",
      })
    }),
  )

  it.effect(
    "lets a table be altered that is copied, while others of the same snapshot are still copied",
    () =>
      Effect.gen(function* () {
        const { sql, start, lake } = yield* openPipeline({
          setup: `${simple}; INSERT INTO public.t VALUES (1, 'a'); CREATE TABLE public.u AS TABLE public.t;
                CREATE VIEW public.slow AS SELECT u.* FROM public.u, pg_sleep(6) AS s`,
          tables: "public.t=t,public.slow=slow",
        })
        const copying = yield* start("full")
        yield* copying.says("table written")
        yield* sql(
          "SET LOCAL lock_timeout = '2s'; ALTER TABLE public.t ALTER id TYPE text; UPDATE public.u SET v = 'late'",
        )
        const { code, stderr } = yield* copying.outcome
        assert.strictEqual(code, 0, stderr)
        const snapshots = (yield* lake.manifests()).map(({ snapshot }) => snapshot)
        assert.strictEqual(new Set(snapshots).size, 1)
        const [slow = "", t = ""] = yield* lake.objects("full/")
        assert.deepStrictEqual([yield* lake.text(t), yield* lake.text(slow)], ["id,v\n1,a\n", "id,v\n1,a\n"])
      }),
  )

  it.effect("writes the header alone of an empty table, and a manifest with 0 rows", () =>
    Effect.gen(function* () {
      const { run, lake } = yield* openPipeline({ setup: simple, tables: "public.t" })
      const { code } = yield* run("full")
      const [manifest] = yield* lake.manifests()
      assert.deepStrictEqual(
        [code, yield* lake.text(manifest?.object ?? ""), manifest?.rows, manifest?.bytes],
        [0, "id,v\n", 0, 5],
      )
    }),
  )

  it.effect("copies several tables as they were at one moment, each into a folder of its own", () =>
    Effect.gen(function* () {
      const { database, sql, start, lake } = yield* openPipeline({
        setup:
          "CREATE TABLE public.a (id integer); CREATE TABLE public.b (id integer); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);" +
          "CREATE VIEW public.gate AS SELECT id FROM a WHERE pg_advisory_lock_shared(42)::text = ''",
        tables: "public.a, public.gate, public.b",
      })
      // While another session holds the gate, `full` has copied `a` and waits: what is committed now lies between `a` and `b`.
      const writer = yield* database.session
      yield* writer.sql("SELECT pg_advisory_lock(42)")
      const program = yield* start("full")
      yield* program.says("dataset=a")
      yield* program.brings("full to the gate", isWaiting(sql))
      yield* writer.sql("INSERT INTO public.a VALUES (2); INSERT INTO public.b VALUES (2)")
      yield* writer.sql("SELECT pg_advisory_unlock(42)")
      const { code } = yield* program.outcome
      const [a = "", b = ""] = yield* lake.objects("full/")
      const manifests = yield* lake.manifests()
      assert.deepStrictEqual(
        [code, yield* lake.text(a), yield* lake.text(b), new Set(manifests.map((m) => m.snapshot)).size],
        [0, "id\n1\n", "id\n1\n", 1],
      )
      assert.match(
        `${a} ${b}`,
        /^full\/a\/date=\d{8}\/full_a_[\d_]+\.csv full\/b\/date=\d{8}\/full_b_[\d_]+\.csv$/,
      )
    }),
  )

  it.effect("finds tables whose names need quotes", () =>
    Effect.gen(function* () {
      const names = [
        `"Minha ""loja"""."Cliente"`,
        `"a.b"."c;d -- e"`,
        `"a.b"."it's \\ % $1"`,
        `public."SELECT"`,
        "Public.Ação_1",
      ]
      const { run, lake } = yield* openPipeline({
        setup: [
          `CREATE SCHEMA "Minha ""loja"""; CREATE SCHEMA "a.b"`,
          ...names.map((name, i) => `CREATE TABLE ${name} (n integer); INSERT INTO ${name} VALUES (${i})`),
        ].join("; "),
        tables: names.map((name, i) => `${name}=t${i}`).join(","),
      })
      const { code } = yield* run("full")
      const objects = yield* lake.objects("full/")
      const texts = yield* Effect.forEach(objects, lake.text)
      assert.deepStrictEqual([code, ...texts], [0, ...names.map((_, i) => `n\n${i}\n`)])
    }),
  )

  it.effect("takes as long as it takes where the server's default would end its statements", () =>
    Effect.gen(function* () {
      const { database, sql, run } = yield* openPipeline({
        setup: "CREATE VIEW public.slow AS SELECT pg_sleep(1.5)::text AS v",
        tables: "public.slow",
      })
      yield* sql(`ALTER DATABASE ${database.name} SET statement_timeout = '1s'`)
      const { code } = yield* run("full")
      assert.strictEqual(code, 0)
    }),
  )

  it.effect("warns when there is no slot yet, and goes on", () =>
    Effect.gen(function* () {
      const { run, slot } = yield* openPipeline({ setup: simple, tables: "public.t" })
      const { code, stderr } = yield* run("full")
      assert.strictEqual(code, 0)
      assert.match(stderr, new RegExp(`level=Warn.*The slot .*${slot}.* does not exist.*init`, "i"))
    }),
  )

  it.effect("warns of a table whose deletes nobody could tell apart, with the SQL that mends it", () =>
    Effect.gen(function* () {
      const { run } = yield* openPipeline({ setup: "CREATE TABLE public.t (v text)", tables: "public.t" })
      const { stderr } = yield* run("full")
      assert.include(stderr.replaceAll('\\"', '"'), 'ALTER TABLE "public"."t" REPLICA IDENTITY FULL;')
    }),
  )

  it.effect("speaks of no identity where the WAL holds no deletes: of a view", () =>
    Effect.gen(function* () {
      const { run } = yield* openPipeline({
        setup: "CREATE VIEW public.t AS SELECT 1 AS id",
        tables: "public.t",
      })
      const { code, stderr } = yield* run("full")
      assert.strictEqual(code, 0)
      assert.notInclude(stderr, "REPLICA IDENTITY")
    }),
  )

  it.effect("warns in the same way where the index of its identity has been dropped", () =>
    Effect.gen(function* () {
      const { run } = yield* openPipeline({
        setup: `CREATE TABLE public.t (v text NOT NULL UNIQUE); ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_v_key;
                ALTER TABLE public.t DROP CONSTRAINT t_v_key`,
        tables: "public.t",
      })
      const { stderr } = yield* run("full")
      assert.include(stderr.replaceAll('\\"', '"'), 'ALTER TABLE "public"."t" REPLICA IDENTITY FULL;')
    }),
  )

  it.effect("never writes over what is there: every run adds an object", () =>
    Effect.gen(function* () {
      const { run, lake } = yield* openPipeline({ setup: simple, tables: "public.t" })
      yield* run("full")
      const first = yield* lake.keys
      yield* run("full")
      const keys = yield* lake.keys
      assert.deepStrictEqual([keys.length, first.filter((key) => !keys.includes(key))], [4, []])
    }),
  )

  it.effect("leaves nothing of an object that is not whole when it is interrupted", () =>
    Effect.gen(function* () {
      const { database, sql, start, lake } = yield* openPipeline({ setup: simple, tables: "public.t" })
      const locker = yield* database.session
      yield* locker.sql("BEGIN; LOCK TABLE public.t")
      const program = yield* start("full")
      yield* program.brings("full to the lock", isWaiting(sql))
      yield* program.signal("SIGINT")
      const { code } = yield* program.outcome
      assert.deepStrictEqual([code, yield* lake.keys], [130, []])
    }),
  )
})
