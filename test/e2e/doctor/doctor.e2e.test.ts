/** `doctor` on a source and a lake with real faults: what it finds, and that doing what it prints mends them. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PostgresSourceTables from "../../../layers/postgres/copy/PostgresSourceTables.ts"
import { SourceTables } from "../../../src/services/source/SourceTables.ts"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { sourceAddress } from "../../support/postgres/sourceAddress.ts"
import { mendedBy, openRole, runDoctor } from "../../support/program/doctor.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram, startProgram } from "../../support/program/program.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"
import { type Asked, s3Error } from "../../support/s3/scriptedS3.ts"

const shop = {
  setup: "CREATE SCHEMA shop; CREATE TABLE shop.customer (id integer PRIMARY KEY, name text)",
  tables: "shop.customer=customers",
}

/** A source without faults, and a lake of which a test makes what it wants. */
const withSlot = (options: Partial<Parameters<typeof openPipeline>[0]> = {}) =>
  Effect.tap(openPipeline({ ...shop, ...options }), ({ createSlot }) => createSlot)

/** A table without a key and with a name that colours a terminal, and that begins a line of its own. */
const withOddName = Effect.suspend(() => {
  const name = '"a\u001b[31m\nforged"'
  return withSlot({
    setup: `CREATE SCHEMA ${name}; CREATE TABLE ${name}.${name} (${name} int); INSERT INTO ${name}.${name} VALUES (1)`,
    tables: `${name}.${name}=odd`,
  })
})

const assertPlain = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => {
  const lines = (stdout + stderr).split("\n")
  assert.deepStrictEqual(
    lines.filter((line) => /\p{Cc}/u.test(line) || line.startsWith("forged")),
    [],
  )
}

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("doctor", (it) => {
  it.effect("ends with 0 and leaves nothing in the lake where full and cdc work", () =>
    Effect.gen(function* () {
      const { environment, lake } = yield* withSlot()
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints, yield* lake.keys], [0, [], []], stdout)
    }),
  )

  it.effect("is satisfied with keys that may write below full and inc only, as full and cdc are", () =>
    Effect.gen(function* () {
      const bucket = yield* memoryS3
      const pipeline = yield* withSlot({ settings: { ...bucket.environment, LAKE_URL: "s3://lake/loja" } })
      yield* bucket.suffer(({ method, url }, perform) =>
        ["GET", "HEAD"].includes(method) || /^\/lake\/loja\/(full|inc)\//.test(url)
          ? perform()
          : s3Error(403, "AccessDenied"),
      )
      for (const command of [["doctor"], ["full"], ["cdc", "--once"], ["doctor"]]) {
        yield* pipeline.sql("INSERT INTO shop.customer SELECT count(*) FROM shop.customer")
        const { code, stdout, stderr } = yield* pipeline.run(...command)
        assert.strictEqual(code, 0, `${command}: ${stdout}${stderr}`)
      }
      assert.deepStrictEqual(
        (yield* bucket.keys).map((key) => key.replace(/\d{8}/g, "…").replace(/…_\d{6}/, "…")),
        [
          "loja/full/date=…/_full_customers_….json",
          "loja/full/date=…/full_customers_….csv",
          "loja/inc/_fence_probe",
          "loja/inc/_watermark.txt",
          "loja/inc/date=…/_schema_customers_….json",
          "loja/inc/date=…/cdc_….csv",
        ],
      )
      assert.deepStrictEqual(yield* bucket.unfinished, [])
    }),
  )

  it.effect("finds nothing amiss while cdc follows the slot, and says who does", () =>
    Effect.gen(function* () {
      const pipeline = yield* withSlot()
      const cdc = yield* pipeline.start("cdc")
      yield* pipeline.sql("INSERT INTO shop.customer VALUES (1, 'a')")
      yield* cdc.says("cdc: batch written")
      const { code, complaints, stdout } = yield* runDoctor(pipeline.environment)
      assert.deepStrictEqual([code, complaints], [0, []], stdout)
      assert.match(stdout, /followed by process \d+ \(afluente cdc\)/)
      assert.match(stdout, /1 of 1 dataset has some in inc/)
    }),
  )

  it.effect("prints one JSON object that holds the same, its log apart from it", () =>
    Effect.gen(function* () {
      const { environment, slot } = yield* openPipeline(shop)
      const { code, stdout, stderr } = yield* runProgram(["doctor", "--json"], environment)
      const report = JSON.parse(stdout)
      const failed = report.source.findings.filter((one: { mark: string }) => one.mark === "failed")
      assert.deepStrictEqual(
        [code, report.ok, failed],
        [
          1,
          false,
          [
            {
              mark: "failed",
              check: `slot "${slot}"`,
              finding: "it does not exist",
              sql: [`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding');`],
              advice: "Or run `node dist/main.js init`, which does the same. Then `full`.",
            },
          ],
        ],
      )
      assert.include(stderr, "doctor: 1 failed")
    }),
  )

  it.effect("is satisfied with a missing slot once it has been made as it says", () =>
    Effect.gen(function* () {
      const { environment, slot, sql } = yield* openPipeline(shop)
      const { before, after } = yield* mendedBy(environment, { sql })
      assert.deepStrictEqual(
        [before.code, before.complaints],
        [1, [`FAIL slot "${slot}"`, "-- lake and slot"]],
      )
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect("is satisfied with a role that has nothing once it was granted what it says", () =>
    Effect.gen(function* () {
      const { database, sql, environment } = yield* withSlot()
      yield* sql(`REVOKE CONNECT ON DATABASE ${database.name} FROM PUBLIC`)
      const reader = yield* openRole({ sql }, environment)
      const first = yield* mendedBy(reader.environment, { sql })
      assert.deepStrictEqual(
        [first.before.code, first.before.complaints, first.before.statements],
        [
          1,
          ["FAIL connection", "-- 12 checks", "-- lake and slot"],
          [`GRANT CONNECT ON DATABASE "${database.name}" TO "${reader.role}";`],
        ],
      )
      assert.deepStrictEqual(
        [first.after.complaints, first.after.statements],
        [
          ["FAIL role", 'FAIL "shop"."customer"', 'FAIL "shop"."customer"'],
          [
            `ALTER ROLE "${reader.role}" REPLICATION;`,
            `GRANT USAGE ON SCHEMA "shop" TO "${reader.role}";`,
            `GRANT SELECT ON "shop"."customer" TO "${reader.role}";`,
          ],
        ],
      )
      const { after } = yield* mendedBy(reader.environment, { sql })
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
      const full = yield* runProgram(["full"], reader.environment)
      assert.strictEqual(full.code, 0, full.stderr)
    }),
  )

  it.effect("prints names that a terminal would obey in escapes, as SQL that can be run", () =>
    Effect.gen(function* () {
      const pipeline = yield* withOddName
      const { before, after } = yield* mendedBy(pipeline.environment, pipeline)
      const escaped = 'U&"a\\001b[31m\\000aforged"'
      assert.include(before.statements, `ALTER TABLE ${escaped}.${escaped} REPLICA IDENTITY FULL;`)
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
      assertPlain(before)
    }),
  )

  it.effect("prints such names in escapes wherever the program prints them", () =>
    Effect.gen(function* () {
      const { environment } = yield* withOddName
      for (const [format = "", ...command] of [
        ["pretty", "status"],
        ["logfmt", "full"],
        ["json", "cdc", "--once"],
        ["pretty", "cdc", "--once"],
        ["pretty", "doctor", "--json"],
      ]) {
        const printed = yield* runProgram(command, { ...environment, LOG_FORMAT: format })
        assert.include(printed.stdout + printed.stderr, "001b[31m", command.join(" "))
        assertPlain(printed)
      }
    }),
  )

  it.effect("is satisfied with rights on columns alone, and so is full", () =>
    Effect.gen(function* () {
      const { sql, environment } = yield* withSlot()
      const reader = yield* openRole({ sql }, environment, "REPLICATION")
      yield* sql(`GRANT USAGE ON SCHEMA shop TO ${reader.role};
                  GRANT SELECT (id), SELECT (name) ON shop.customer TO ${reader.role}`)
      const { code, complaints, stdout } = yield* runDoctor(reader.environment)
      assert.deepStrictEqual([code, complaints], [0, []], stdout)
      const full = yield* runProgram(["full"], reader.environment)
      assert.strictEqual(full.code, 0, full.stderr)
    }),
  )

  it.effect("warns of small temporary files, and not when the role's limit is lifted as it says", () =>
    Effect.gen(function* () {
      const { sql, environment, database } = yield* withSlot()
      yield* sql(`ALTER ROLE "${database.role}" SET temp_file_limit = '1MB'`)
      const { before, after } = yield* mendedBy(environment, { sql })
      assert.deepStrictEqual([before.code, before.complaints], [0, ["warn temp_file_limit"]])
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect(
    "fails at a role and a database of few connections, and not when they are raised as it says",
    () =>
      Effect.gen(function* () {
        const { sql, environment, database } = yield* withSlot()
        yield* sql(
          `ALTER ROLE "${database.role}" CONNECTION LIMIT 2; ALTER DATABASE ${database.name} CONNECTION LIMIT 5`,
        )
        const { before, after } = yield* mendedBy(environment, { sql })
        // The test's own session is one of the five.
        assert.deepStrictEqual(
          [before.code, before.complaints],
          [1, ["FAIL connections", "warn connections"]],
        )
        assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
      }),
  )

  it.effect("is satisfied with a role that may call nothing once it may as it says", () =>
    Effect.gen(function* () {
      const { sql, environment } = yield* withSlot()
      yield* sql(`REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
                  REVOKE EXECUTE ON FUNCTION pg_replication_slot_advance(name, pg_lsn) FROM PUBLIC`)
      const reader = yield* openRole({ sql }, environment, "REPLICATION")
      yield* sql(
        `GRANT USAGE ON SCHEMA shop TO ${reader.role}; GRANT SELECT ON shop.customer TO ${reader.role}`,
      )
      const { before, after } = yield* mendedBy(reader.environment, { sql })
      assert.deepStrictEqual(
        [before.code, before.complaints],
        [1, ["FAIL role", "FAIL system identifier", "-- lake and slot"]],
      )
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect("is satisfied with hidden rows once the role sees them as it says", () =>
    Effect.gen(function* () {
      const { sql, environment } = yield* withSlot()
      const reader = yield* openRole({ sql }, environment, "REPLICATION")
      yield* sql(`ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shop.customer USING (id = 1);
                  GRANT USAGE ON SCHEMA shop TO ${reader.role}; GRANT SELECT ON shop.customer TO ${reader.role}`)
      const { before, after } = yield* mendedBy(reader.environment, { sql })
      assert.deepStrictEqual([before.code, before.complaints], [1, ['FAIL "shop"."customer"']])
      assert.match(before.stdout, /row-level security hides rows/)
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect("warns of a table without identity, and not when it has got one as it says", () =>
    Effect.gen(function* () {
      const { sql, environment } = yield* withSlot({
        setup: "CREATE SCHEMA shop; CREATE TABLE shop.customer (id int)",
      })
      const { before, after } = yield* mendedBy(environment, { sql })
      assert.deepStrictEqual(
        [before.code, before.complaints, before.statements],
        [0, ['warn "shop"."customer"'], ['ALTER TABLE "shop"."customer" REPLICA IDENTITY FULL;']],
      )
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect("is satisfied with an unlogged table once it is logged as it says", () =>
    Effect.gen(function* () {
      const { sql, environment } = yield* withSlot({
        setup: "CREATE SCHEMA shop; CREATE UNLOGGED TABLE shop.customer (id int PRIMARY KEY)",
      })
      const { before, after } = yield* mendedBy(environment, { sql })
      assert.deepStrictEqual([before.code, before.complaints], [1, ['FAIL "shop"."customer"']])
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
    }),
  )

  it.effect("counts partitions, and prints what each of them lacks", () =>
    Effect.gen(function* () {
      const { environment, sql, database } = yield* withSlot({
        setup: `CREATE SCHEMA shop; CREATE TABLE shop.customer (id int PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE shop.low PARTITION OF shop.customer FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
                CREATE TABLE shop."Lowest" PARTITION OF shop.low FOR VALUES FROM (0) TO (5);
                CREATE TABLE shop.high PARTITION OF shop.customer FOR VALUES FROM (10) TO (20);
                ALTER TABLE shop.high REPLICA IDENTITY NOTHING`,
      })
      yield* sql(`REVOKE SELECT ON shop."Lowest" FROM ${database.role}`)
      const { before, after } = yield* mendedBy(environment, { sql })
      assert.deepStrictEqual(
        [before.code, before.complaints, before.statements],
        [
          1,
          ['FAIL "shop"."customer"', 'warn "shop"."customer"'],
          [
            `GRANT SELECT ON "shop"."Lowest" TO "${database.role}";`,
            'ALTER TABLE "shop"."high" REPLICA IDENTITY DEFAULT;',
          ],
        ],
      )
      assert.deepStrictEqual([after.code, after.complaints], [0, []], after.stdout)
      assert.include(after.stdout, "1 column, key id, replica identity DEFAULT, 2 partitions")
    }),
  )

  it.effect("warns of the rows in tables that inherit", () =>
    Effect.gen(function* () {
      const { environment } = yield* withSlot({
        setup: `CREATE SCHEMA shop; CREATE TABLE shop.customer (id int PRIMARY KEY);
                CREATE TABLE shop.child () INHERITS (shop.customer)`,
      })
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [0, ['warn "shop"."customer"']])
      assert.include(stdout, "the rows of its 1 child table are not in its dataset")
      const both = { ...environment, SOURCE_TABLES: "shop.customer,shop.child" }
      assert.deepStrictEqual((yield* runDoctor(both)).complaints, ['warn "shop"."child"'])
    }),
  )

  it.effect("fails at a missing table and goes on with the next", () =>
    Effect.gen(function* () {
      const { environment } = yield* withSlot({ tables: "shop.nothing,shop.customer" })
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [1, ['FAIL "shop"."nothing"']])
      assert.match(stdout, /ok {4}"shop"."customer"/)
    }),
  )

  it.effect("fails at a slot of another plugin, and prints no statement that would drop it", () =>
    Effect.gen(function* () {
      const { environment, sql, slot } = yield* openPipeline(shop)
      yield* sql("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
      const { code, complaints, statements, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints, statements],
        [1, [`FAIL slot "${slot}"`, "-- lake and slot"], []],
      )
      assert.include(stdout, "it belongs to pgoutput, not to test_decoding")
      assert.include(stdout, "Set REPLICATION_SLOT to another name")
    }),
  )

  it.effect("fails where the lake belongs to another slot", () =>
    Effect.gen(function* () {
      const { environment, run, sql } = yield* withSlot()
      yield* run("cdc", "--once")
      const other = { ...environment, REPLICATION_SLOT: `${environment["REPLICATION_SLOT"]}_2` }
      yield* sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [other.REPLICATION_SLOT])
      const { code, complaints, stdout } = yield* runDoctor(other)
      assert.deepStrictEqual([code, complaints], [1, ["FAIL lake and slot"]])
      assert.include(stdout, "The lake's watermark belongs to slot")
    }),
  )

  it.effect("offers no new slot where the lake was written from the one that is gone", () =>
    Effect.gen(function* () {
      const { environment, run, sql, slot } = yield* withSlot()
      yield* run("cdc", "--once")
      yield* sql("SELECT pg_drop_replication_slot($1)", [slot])
      const { code, complaints, statements } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints, statements],
        [1, [`FAIL slot "${slot}"`, "-- lake and slot"], []],
      )
    }),
  )

  it.effect("fails where the lake was begun with another layout", () =>
    Effect.gen(function* () {
      const { environment, run } = yield* withSlot()
      yield* run("full")
      const { code, complaints, stdout } = yield* runDoctor({ ...environment, LAKE_LAYOUT: "datasets" })
      assert.deepStrictEqual([code, complaints], [1, ["FAIL layout", "-- newest objects"]])
      assert.include(stdout, "Set LAKE_LAYOUT=single")
    }),
  )

  it.effect("fails at a folder that cannot be made, and tells of the source all the same", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "taken")
      yield* Effect.promise(() => writeFile(file, "a file, not a folder"))
      const { environment, slot } = yield* openPipeline({ ...shop, settings: { LAKE_URL: `file:${file}` } })
      const { code, complaints } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints],
        [1, [`FAIL slot "${slot}"`, "FAIL write", "-- 4 checks", "FAIL large object", "-- lake and slot"]],
      )
    }),
  )

  it.effect("fails where there is no room for temporary files", () =>
    Effect.gen(function* () {
      const { environment } = yield* withSlot({
        settings: { TMPDIR: join(yield* temporaryFolder, "nowhere") },
      })
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [1, ["FAIL temporary files"]])
      assert.include(stdout, "Set TMPDIR")
    }),
  )

  it.effect("refuses wrong settings with 2 as every command does", () =>
    Effect.gen(function* () {
      const { environment } = yield* openPipeline({ ...shop, settings: { LAKE_URL: "s3://RAW" } })
      const { code, stdout, stderr } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "LAKE_URL")
    }),
  )
})

layer(TestPostgres.layer(), { excludeTestServices: true })("doctor at a standby", (it) => {
  it.effect("has one failure to tell, and that is it", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const { environment } = yield* withSlot()
      yield* server.stop("fast")
      yield* Effect.promise(() => writeFile(join(server.dataFolder, "cluster", "standby.signal"), ""))
      // It waits for the line of a primary, which never comes; a standby takes connections before that.
      yield* Effect.forkScoped(server.restart)
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints.filter((row) => row.startsWith("FAIL"))],
        [1, ["FAIL server"]],
        stdout,
      )
      assert.include(stdout, "Point DATABASE_URL or PGHOST at the primary.")
    }),
  )
})

layer(TestPostgres.layer({ settings: { max_connections: "20", max_locks_per_transaction: "10" } }), {
  excludeTestServices: true,
})("doctor at a server with little room for locks", (it) => {
  it.effect(
    "fails at tables that full cannot lock at once",
    () =>
      Effect.gen(function* () {
        const names = Array.from({ length: 1500 }, (_, i) => `t${i}`)
        const { environment } = yield* withSlot({
          setup: names.map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY)`).join(";COMMIT;"),
          tables: names.map((name) => `public.${name}`).join(","),
        })
        const { code, complaints } = yield* runDoctor(environment, "100 seconds")
        assert.deepStrictEqual([code, complaints], [1, ["FAIL max_locks_per_transaction"]])
        const snapshot = Effect.flatMap(SourceTables, (source) =>
          source.snapshot(names.map((name) => ({ schema: "public", name }))),
        ).pipe(Effect.provide(PostgresSourceTables.layer(sourceAddress(environment["DATABASE_URL"] ?? ""))))
        const { detail } = yield* Effect.flip(Effect.scoped(snapshot))
        assert.include(detail, "out of shared memory")
      }),
    // A catalog of 1,500 tables is filled and asked table by table.
    120_000,
  )
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("doctor at a bucket", (it) => {
  /** The bucket of the test server; what it tells of its clock is fixed. */
  const openBucket = Effect.gen(function* () {
    const s3 = yield* memoryS3
    return { s3, ...(yield* withSlot({ settings: s3.environment })) }
  })
  const isUpload = ({ url }: Asked) => /[?&]uploads?\b/.test(url)

  it.effect("finds what it needs and leaves nothing there", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [0, ["warn clock"]], stdout)
      assert.deepStrictEqual([yield* s3.keys, yield* s3.unfinished], [[], []])
    }),
  )

  it.effect("fails at a missing bucket without trying anything in it, and names init", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer(() => s3Error(404, "NoSuchBucket"))
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints],
        [1, ["FAIL bucket", "-- 9 checks", "-- lake and slot"]],
        stdout,
      )
      assert.include(stdout, "Create it with `node dist/main.js init`")
    }),
  )

  it.effect("fails at a wrong secret without repeating it", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer(() => s3Error(403, "SignatureDoesNotMatch"))
      const { code, complaints, stdout, stderr } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints[0]], [1, "FAIL bucket"], stdout)
      assert.include(stdout, "Check MINIO_ACCESS_KEY, MINIO_SECRET_KEY")
      assert.notInclude(stdout + stderr, environment["MINIO_SECRET_KEY"] ?? "")
    }),
  )

  it.effect("goes on where the right to list is missing", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) =>
        asked.url.includes("list-type") ? s3Error(403, "AccessDenied") : perform(),
      )
      const { code, complaints } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints],
        [1, ["FAIL bucket", "warn clock", "FAIL layout", "-- newest objects"]],
      )
    }),
  )

  it.effect("fails where the right to write is missing", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) => {
        const writes = asked.method === "PUT" || asked.method === "POST"
        return writes ? s3Error(403, "AccessDenied") : perform()
      })
      const { code, complaints } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [1, ["FAIL write", "-- 4 checks", "FAIL large object"]])
    }),
  )

  it.effect("fails where large objects are refused, and takes back what it began", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) =>
        asked.method === "PUT" && asked.url.includes("partNumber") ? s3Error(403, "AccessDenied") : perform(),
      )
      const { code, complaints } = yield* runDoctor(environment)
      assert.deepStrictEqual(
        [code, complaints],
        [1, ["warn clock", "FAIL second write", "FAIL large object"]],
      )
      assert.deepStrictEqual([yield* s3.keys, yield* s3.unfinished], [[], []])
    }),
  )

  it.effect("takes back what it wrote when it is stopped in the middle", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) => (asked.url.includes("partNumber") ? "silence" : perform()))
      const program = yield* startProgram(["doctor"], environment)
      yield* program.brings(
        "a part is on its way",
        Effect.sync(() => s3.asked.some(({ url }) => url.includes("partNumber"))),
      )
      yield* program.signal("SIGINT")
      const { code } = yield* program.outcome
      assert.deepStrictEqual([code, yield* s3.keys, yield* s3.unfinished], [130, [], []])
    }),
  )

  it.effect("warns where the right to delete is missing, and names what stays", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) =>
        asked.method === "DELETE" && !isUpload(asked) ? s3Error(403, "AccessDenied") : perform(),
      )
      const { code, complaints, stdout } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [0, ["warn clock", "warn delete"]])
      assert.include(stdout, "what doctor wrote stays: _doctor_probe_*.txt")
      assert.deepStrictEqual(
        (yield* s3.keys).map((key) => /^(full\/|inc\/)_doctor_probe_.*\.txt$/.test(key)),
        [true, true],
      )
    }),
  )

  it.effect("warns where the store writes over a name that is taken", () =>
    Effect.gen(function* () {
      const { s3, environment } = yield* openBucket
      yield* s3.suffer((asked, perform) => {
        delete asked.headers["if-none-match"]
        return perform()
      })
      const { code, complaints } = yield* runDoctor(environment)
      assert.deepStrictEqual([code, complaints], [0, ["warn clock", "warn second write"]])
    }),
  )
})

layer(TestPostgres.layer({ settings: { wal_level: "replica" } }), { excludeTestServices: true })(
  "doctor at a server without a logical log",
  (it) => {
    it.effect("prints the statement that sets wal_level, and that a restart is needed", () =>
      Effect.gen(function* () {
        const { environment, slot } = yield* openPipeline(shop)
        const { code, complaints, stdout, statements } = yield* runDoctor(environment)
        assert.deepStrictEqual(
          [code, complaints, statements[0]],
          [
            1,
            ["FAIL wal_level", `FAIL slot "${slot}"`, "-- lake and slot"],
            "ALTER SYSTEM SET wal_level = 'logical';",
          ],
        )
        assert.include(stdout, "then restart PostgreSQL")
      }),
    )
  },
)
