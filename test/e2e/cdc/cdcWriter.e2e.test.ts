/** How `cdc` lives: as the one writer, through signals and deaths, and without holding the source's log back. */
import { watch } from "node:fs"
import { readdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { rawRows } from "../../support/csv/rawRows.ts"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import type { TestSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"
import { openOracle } from "../../support/slot/slotOracle.ts"

const simple = {
  setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
  tables: "public.t=coisas",
}

/** With its slot. */
const openSimple = Effect.tap(openPipeline(simple), ({ createSlot }) => createSlot)

const ids = (rows: ReadonlyArray<Readonly<Record<string, string | null>>>) => rows.map((row) => row["id"])

const slotState = ({ sql, slot }: Pipeline) =>
  Effect.map(
    sql(
      "SELECT confirmed_flush_lsn AS confirmed, restart_lsn AS restart FROM pg_replication_slots WHERE slot_name = $1",
      [slot],
    ),
    ([row]) => ({ confirmed: row?.["confirmed"] ?? "", restart: row?.["restart"] ?? "" }),
  )

const currentLsn = (sql: TestSession["sql"]) =>
  Effect.map(sql("SELECT pg_current_wal_insert_lsn() AS lsn"), ([row]) => row?.["lsn"] ?? "")

const atOrAfter = (sql: TestSession["sql"], lsn: string, bound: string) =>
  Effect.map(sql("SELECT $1::pg_lsn >= $2::pg_lsn AS holds", [lsn, bound]), ([row]) => row?.["holds"] === "t")

/** A batch whose second object the store has got and does not answer for. `release` lets it answer. */
const stuckBatch = Effect.gen(function* () {
  const s3 = yield* memoryS3
  const pipeline = yield* openPipeline({ ...simple, settings: s3.environment })
  yield* pipeline.createSlot
  const program = yield* pipeline.start("cdc")
  yield* pipeline.sql("INSERT INTO public.t VALUES (1, 'a')")
  yield* program.says("cdc: batch written")
  const released = yield* Deferred.make<void>()
  let taken = false
  yield* s3.suffer(async (asked, perform) => {
    if (asked.method !== "PUT" || !decodeURIComponent(asked.url).includes("/inc/date=")) return perform()
    taken = true
    await Effect.runPromise(Deferred.await(released))
    return perform()
  })
  yield* pipeline.sql("DELETE FROM public.t")
  yield* program.brings(
    "the object of the delete",
    Effect.sync(() => taken),
  )
  return {
    ...pipeline,
    program,
    release: Deferred.succeed(released, undefined),
    rows: Effect.andThen(s3.copyTo(pipeline.lake), pipeline.lake.allRecords("inc/")),
  }
})

/** Kills the process the moment that a file of such a name appears in the folder. */
const killedWhenSeen = (pid: number, folder: string, name: RegExp) =>
  Effect.callback<void>((resume) => {
    const watcher = watch(folder, (_, seen) => {
      if (seen === null || !name.test(seen)) return
      process.kill(pid, "SIGKILL")
      watcher.close()
      resume(Effect.void)
    })
    return Effect.sync(() => watcher.close())
  })

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc", (it) => {
  it.effect("follows the slot until it is interrupted, and ends with 0", () =>
    Effect.gen(function* () {
      const { sql, start, lake } = yield* openSimple
      const program = yield* start("cdc")
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* program.says("cdc: batch written")
      yield* sql("INSERT INTO public.t VALUES (2, 'b')")
      yield* program.brings(
        "the second batch",
        Effect.map(lake.objects("inc/"), (objects) => objects.length === 2),
      )
      yield* program.signal("SIGINT")
      const { code } = yield* program.outcome
      assert.deepStrictEqual([code, ids(yield* lake.allRecords("inc/"))], [0, ["1", "2"]])
    }),
  )

  it.effect("finishes the batch in hand when it is asked to stop", () =>
    Effect.gen(function* () {
      const { program, release, rows } = yield* stuckBatch
      yield* program.signal("SIGTERM")
      yield* program.says("cdc: stopping")
      yield* release
      const { code } = yield* program.outcome
      const ops = (yield* rows).map((row) => row["_op"])
      assert.deepStrictEqual([code, ops], [0, ["I", "D"]])
    }),
  )

  it.effect("stops at once at the second signal, and the next run writes what was in hand once", () =>
    Effect.gen(function* () {
      const { program, release, rows, run } = yield* stuckBatch
      yield* program.signal("SIGINT")
      yield* program.says("cdc: stopping")
      yield* program.signal("SIGINT")
      const { code } = yield* program.outcome
      yield* release
      yield* run("cdc", "--once")
      const ops = (yield* rows).map((row) => row["_op"])
      assert.deepStrictEqual([code, ops], [130, ["I", "D"]])
    }),
  )

  it.effect("refuses to be a second writer with --no-wait", () =>
    Effect.gen(function* () {
      const { sql, start, run } = yield* openSimple
      const writer = yield* start("cdc")
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* writer.says("cdc: batch written")
      const { code, stderr } = yield* run("cdc", "--no-wait")
      assert.strictEqual(code, 3)
      assert.match(stderr, /Another process writes from the slot.*without --no-wait/)
    }),
  )

  it.effect("ends with 0 beside another writer with --once, and says who that is", () =>
    Effect.gen(function* () {
      const { sql, start, run } = yield* openSimple
      const writer = yield* start("cdc")
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* writer.says("cdc: batch written")
      const { code, stderr } = yield* run("cdc", "--once")
      assert.strictEqual(code, 0)
      assert.match(stderr, /nothing to do, process \d+ of the server \(afluente cdc\) writes/)
    }),
  )

  it.effect("waits as a standby, and takes over by itself when the writer is killed", () =>
    Effect.gen(function* () {
      const { sql, start, lake } = yield* openSimple
      const writer = yield* start("cdc")
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* writer.says("cdc: batch written")
      const standby = yield* start("cdc")
      yield* standby.says("cdc: standby")
      yield* writer.signal("SIGKILL")
      yield* standby.says("cdc: taking over")
      yield* sql("INSERT INTO public.t VALUES (2, 'b')")
      yield* standby.says("cdc: batch written")
      assert.deepStrictEqual(ids(yield* lake.allRecords("inc/")), ["1", "2"])
    }),
  )

  it.effect("says in the watermark up to where the lake is whole, and of which source", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const { sql, run, lake, slot, database } = pipeline
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* run("cdc", "--once")
      const { confirmed } = yield* slotState(pipeline)
      const [server] = yield* sql("SELECT system_identifier AS id FROM pg_control_system()")
      const [object] = yield* lake.objects("inc/")
      const [table] = yield* sql("SELECT 'public.t'::regclass::oid::text AS oid")
      const lines = (yield* lake.text("inc/_watermark.txt")).split("\n")
      /** What differs from run to run, by its form. */
      const plain = lines.map((line) =>
        line
          .replace(/^written_at=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "written_at")
          .replace(/^last_commit=[0-9A-F]+\/[0-9A-F]+ \d+ \d{4}-\d\d-\d\d [\d:.]+\+00$/, "last_commit")
          .replace(/^writer=[0-9a-f-]{36}$/, "writer")
          .replace(/^catalog\.coisas=\d+ \d+ \d+$/, "catalog.coisas")
          .replace(/^from\.coisas=[0-9A-F]+\/[0-9A-F]+$/, "from.coisas")
          .replace(/^file\.coisas=\d+ [0-9a-f]{1,16}$/, "file.coisas"),
      )
      assert.deepStrictEqual(plain, [
        confirmed,
        `slot=${slot}`,
        `database=${database.name}`,
        `system_identifier=${server?.["id"]}`,
        "timeline=1",
        "layout=single",
        "root=coisas",
        "written_at",
        "last_commit",
        "epoch=1",
        "writer",
        `object.coisas=${object}`,
        `table.coisas=public.t ${table?.["oid"]}`,
        "catalog.coisas",
        "from.coisas",
        "file.coisas",
        `schema.coisas=${(object ?? "").replace("/cdc_", "/_schema_coisas_").replace(".csv", ".json")}`,
        "",
      ])
    }),
  )

  it.effect("writes no object when it is run again", () =>
    Effect.gen(function* () {
      const { sql, run, lake } = yield* openSimple
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* run("cdc", "--once")
      const before = yield* lake.objects("inc/")
      yield* run("cdc", "--once")
      assert.deepStrictEqual(yield* lake.objects("inc/"), before)
    }),
  )

  it.effect("lets the server forget its log when only other tables and other databases are written", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const { sql, run, lake } = pipeline
      const other = yield* (yield* TestPostgres).database(
        "CREATE TABLE public.x AS SELECT generate_series(1, 1000)",
      )
      yield* sql("CREATE TABLE public.other AS SELECT generate_series(1, 1000)")
      yield* other.sql("CREATE TABLE public.y AS SELECT generate_series(1, 1000)")
      const written = yield* currentLsn(sql)
      // The server notes where a reader may restart only now and then; a checkpoint is such a moment.
      yield* sql("CHECKPOINT")
      yield* run("cdc", "--once")
      const { confirmed, restart } = yield* slotState(pipeline)
      assert.deepStrictEqual(
        [
          yield* atOrAfter(sql, confirmed, written),
          yield* atOrAfter(sql, restart, written),
          yield* lake.objects("inc/"),
        ],
        [true, true, []],
      )
      // A server of its own: a transaction that another test holds open would hold its log back too.
    }).pipe(Effect.provide(TestPostgres.layer())),
  )

  it.effect("moves the slot on while it runs, although nothing of ours is in the log", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const { sql, start, lake } = pipeline
      const program = yield* start("cdc")
      yield* program.brings(
        "the first watermark",
        Effect.map(lake.keys, (keys) => keys.includes("inc/_watermark.txt")),
      )
      const begun = yield* currentLsn(sql)
      // Each fills a segment of 16 MB: more than what makes a move worth its write to the lake.
      for (const n of [1, 2]) yield* sql(`CREATE TABLE public.other${n} (); SELECT pg_switch_wal()`)
      yield* program.brings(
        "the slot further on",
        Effect.flatMap(slotState(pipeline), ({ confirmed }) =>
          Effect.andThen(sql("CREATE TEMP TABLE IF NOT EXISTS x ()"), atOrAfter(sql, confirmed, begun)),
        ),
      )
    }),
  )

  it.effect(
    "carries a transaction that is larger than its memory, through the temporary folder, and leaves that clean",
    () =>
      Effect.gen(function* () {
        const scratch = yield* temporaryFolder
        const made: Array<string> = []
        yield* Effect.acquireRelease(
          Effect.sync(() => watch(scratch, (_, name) => made.push(String(name)))),
          (watcher) => Effect.sync(() => watcher.close()),
        )
        const { sql, run, lake, createSlot } = yield* openPipeline({
          ...simple,
          settings: { TMPDIR: scratch },
        })
        yield* createSlot
        yield* sql("INSERT INTO public.t VALUES (-1, 'before')")
        yield* sql(
          "INSERT INTO public.t SELECT n, repeat(md5(n::text), CASE n WHEN 20000 THEN 100000 ELSE 8 END) FROM generate_series(1, 40000) AS n",
        )
        yield* sql("INSERT INTO public.t VALUES (0, 'after')")
        yield* run("cdc", "--once")
        const left = yield* Effect.promise(() => readdir(scratch))
        yield* run("full")
        const values = (key: string) => Effect.map(lake.text(key), (text) => rawRows(text).slice(1))
        const [inc = ""] = yield* lake.objects("inc/")
        const [full = ""] = yield* lake.objects("full/")
        const changes = yield* values(inc)
        const bare = changes.map((row) => row.split(",").slice(7).join())
        assert.deepStrictEqual(
          [changes.length, left, made.some((name) => name.startsWith("afluente-"))],
          [40002, [], true],
        )
        assert.isTrue(
          bare.toSorted().join() === (yield* values(full)).toSorted().join(),
          "inc holds the rows of full",
        )
        assert.deepStrictEqual(
          changes.slice(1, -1).map((row) => Number(row.split(",")[2])),
          Array.from({ length: 40000 }, (_, i) => i + 1),
        )
      }),
  )

  it.effect("loses nothing and repeats nothing when it is killed between its durable steps", () =>
    Effect.gen(function* () {
      const { database, start, run, lake, createSlot } = yield* openPipeline({
        setup: "CREATE TABLE public.a (n integer, v text); CREATE TABLE public.b (n integer, v text)",
        tables: "public.a,public.b",
        settings: { POLL_INTERVAL: "1ms" },
      })
      yield* createSlot
      const oracle = yield* openOracle(database)
      const { sql: write } = yield* database.session
      const writer = yield* write(
        "BEGIN; INSERT INTO a VALUES (1, 'x'); INSERT INTO b SELECT n, repeat('y', 500) FROM generate_series(1, 20) AS n; INSERT INTO a VALUES (2, 'z'); COMMIT",
      ).pipe(Effect.repeat(Schedule.spaced("5 millis")), Effect.forkScoped)
      yield* run("cdc", "--once")
      const folders = (yield* lake.objects("inc/")).map((key) => join(lake.folder, dirname(key)))
      const [a = "", b = ""] = folders
      const hidden = /^\./
      const visible = /^[^.]/
      for (const [folder, name] of [
        [a, hidden],
        [a, visible],
        [b, visible],
        [join(lake.folder, "inc"), hidden],
        [join(lake.folder, "inc"), visible],
      ] as const) {
        const program = yield* start("cdc")
        yield* killedWhenSeen(program.pid, folder, name)
        yield* program.outcome
      }
      yield* Fiber.interrupt(writer)
      const { code, stderr } = yield* run("cdc", "--once")
      const rows = yield* lake.allRecords("inc/")
      const told = yield* oracle.rows
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(
        rows.map((row) => `${row["_lsn"]} ${row["_seq"]}`).toSorted(),
        told.map((row) => `${row._lsn} ${row._seq}`).toSorted(),
      )
    }),
  )

  it.effect("goes on by itself when PostgreSQL has crashed and come back", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const { sql, start, lake } = yield* openSimple
      const program = yield* start("cdc")
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      yield* program.says("cdc: batch written")
      yield* server.stop("immediate")
      yield* program.says("level=WARN")
      yield* server.restart
      yield* sql("INSERT INTO public.t VALUES (2, 'b')")
      yield* program.says("Working again")
      yield* program.brings(
        "the second row",
        Effect.map(lake.allRecords("inc/"), (rows) => ids(rows).join() === "1,2"),
      )
    }).pipe(Effect.provide(TestPostgres.layer())),
  )

  it.effect("needs no more than the right to log in, to replicate and to read its tables", () =>
    Effect.gen(function* () {
      const { database, sql, createSlot, environment, lake } = yield* openPipeline(simple)
      const role = `reader_${database.name}`
      yield* Effect.acquireRelease(
        sql(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'secret'; GRANT SELECT ON public.t TO ${role}`),
        () => Effect.ignore(sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
      )
      yield* createSlot
      yield* sql("INSERT INTO public.t VALUES (1, 'a')")
      const url = new URL(environment["DATABASE_URL"] ?? "")
      url.username = role
      url.password = "secret"
      const outcomes = yield* Effect.forEach([["cdc", "--once"], ["full"]], (args) =>
        runProgram(args, { ...environment, DATABASE_URL: url.href }),
      )
      assert.deepStrictEqual(
        [outcomes.map(({ code }) => code), (yield* lake.objects("")).length],
        [[0, 0], 2],
        outcomes.map(({ stderr }) => stderr).join(""),
      )
    }),
  )
})
