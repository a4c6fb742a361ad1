/** Tables that are renamed, dropped, given away, added and taken out, on a real server. */
import { execFile } from "node:child_process"
import { rm } from "node:fs/promises"
import { promisify } from "node:util"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { adviceOn, both, openFollowed, setup, states } from "../../support/table/followedTables.ts"

const Doctor = Schema.fromJsonString(
  Schema.Struct({
    source: Schema.Struct({
      findings: Schema.Array(
        Schema.Struct({ mark: Schema.String, check: Schema.String, finding: Schema.String }),
      ),
    }),
  }),
)

/** `mark check: finding` of each thing that `doctor` looked at in the source. */
const doctorLines = (text: string) =>
  Schema.decodeSync(Doctor)(text)
    .source.findings.map(({ mark, check, finding }) => `${mark} ${check}: ${finding}`)
    .join("\n")

/** Each runs the program up to ten times. */
const timeout = 180_000

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc", (it) => {
  it.effect(
    "carries a table that was renamed while it was down, under both names, and says so",
    () =>
      Effect.gen(function* () {
        const { sql, run, runWith, ids } = yield* openFollowed()
        yield* sql("INSERT INTO a VALUES (2, 'old name'); ALTER TABLE a RENAME TO c")
        yield* sql("INSERT INTO c VALUES (3, 'new name'); INSERT INTO b VALUES (2, 'x')")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, "Write public.c=as in SOURCE_TABLES")
        assert.deepStrictEqual(
          [yield* ids("as"), yield* ids("bs")],
          [
            ["I1", "I2", "I3"],
            ["I1", "I2"],
          ],
        )
        yield* sql("DELETE FROM c WHERE id = 1")
        const named = { SOURCE_TABLES: "public.c=as, public.b=bs" }
        assert.strictEqual((yield* runWith(named, "cdc", "--once")).code, 0)
        assert.deepStrictEqual(yield* ids("as"), ["I1", "I2", "I3", "D1"])
        const verdict = yield* runWith(named, "verify")
        assert.strictEqual(verdict.code, 0, verdict.stdout + verdict.stderr)
      }),
    timeout,
  )

  it.effect(
    "carries what the WAL holds of a table that was dropped while it was down",
    () =>
      Effect.gen(function* () {
        const { sql, run, ids, lake } = yield* openFollowed()
        yield* sql("INSERT INTO a VALUES (2, 'x'); DELETE FROM a WHERE id = 1; INSERT INTO b VALUES (2, 'x')")
        yield* sql("DROP TABLE a")
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, "does not exist any more")
        assert.deepStrictEqual(
          [yield* ids("as"), yield* ids("bs")],
          [
            ["I1", "I2", "D1"],
            ["I1", "I2"],
          ],
        )
        const headers = yield* Effect.forEach(yield* lake.objects("inc/as/"), (key) =>
          Effect.map(lake.text(key), (text) => text.split("\n")[0]),
        )
        assert.deepStrictEqual([...new Set(headers)].length, 1)
      }),
    timeout,
  )

  it.effect(
    "warns at once of a table that vanishes while it runs, and goes on with the others",
    () =>
      Effect.gen(function* () {
        const { sql, start, ids } = yield* openFollowed()
        const program = yield* start("cdc")
        yield* sql("INSERT INTO b VALUES (2, 'x')")
        yield* program.says("cdc: batch written")
        yield* sql("INSERT INTO a VALUES (2, 'last'); DROP TABLE a")
        yield* program.says("does not exist any more")
        yield* sql("INSERT INTO b VALUES (3, 'x')")
        yield* program.brings(
          "the other table goes on",
          Effect.map(ids("bs"), (rows) => rows.includes("I3")),
        )
        yield* program.signal("SIGTERM")
        assert.strictEqual((yield* program.outcome).code, 0)
        assert.deepStrictEqual(yield* ids("as"), ["I1", "I2"])
      }),
    timeout,
  )

  it.effect(
    "refuses swapped entries of SOURCE_TABLES, and full does so too",
    () =>
      Effect.gen(function* () {
        const { runWith, lake } = yield* openFollowed()
        const before = yield* lake.keys
        const swapped = { SOURCE_TABLES: "public.b=as, public.a=bs" }
        for (const command of [["cdc", "--once"], ["full"]]) {
          const { code, stderr } = yield* runWith(swapped, ...command)
          assert.strictEqual(code, 3, stderr)
          assert.match(stderr, /The dataset .*as.* belongs to .*public.*OID/)
        }
        assert.deepStrictEqual(yield* lake.keys, before)
      }),
    timeout,
  )

  it.effect(
    "tells that a table of the same name is another one, until a full is there",
    () =>
      Effect.gen(function* () {
        const { sql, run } = yield* openFollowed()
        yield* sql(
          "DROP TABLE a; CREATE TABLE a (id integer PRIMARY KEY, v text); INSERT INTO a VALUES (9, 'x')",
        )
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
          "as: needs full replaced",
          "bs: followed",
        ])
        assert.strictEqual((yield* run("verify")).code, 4)
        assert.strictEqual((yield* run("full")).code, 0)
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
          "as: followed",
          "bs: followed",
        ])
        assert.strictEqual((yield* run("verify")).code, 0)
      }),
    timeout,
  )

  it.effect(
    "shows the gap of a table that full copied before cdc followed it",
    () =>
      Effect.gen(function* () {
        const { sql, run, runWith } = yield* openFollowed("public.a=as")
        const later = { SOURCE_TABLES: both }
        assert.strictEqual((yield* runWith(later, "full")).code, 0)
        yield* sql("INSERT INTO b VALUES (2, 'in neither'); INSERT INTO a VALUES (2, 'x')")
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        const { code, stderr } = yield* runWith(later, "cdc", "--once")
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, "is followed from now on")
        assert.deepStrictEqual(states((yield* runWith(later, "status", "--json")).stdout), [
          "as: followed",
          "bs: waiting for full new",
        ])
        const verdict = yield* runWith(later, "verify")
        assert.strictEqual(verdict.code, 4)
        assert.match(verdict.stdout, /^as {2}equal/m)
        assert.match(verdict.stdout, /^bs {2}"bs" is waiting for full \(new, from 0\//m)
        assert.strictEqual((yield* runWith(later, "full")).code, 0)
        assert.strictEqual((yield* runWith(later, "verify")).code, 0)
      }),
    timeout,
  )

  it.effect(
    "shows the gap of a table that was out and is in again",
    () =>
      Effect.gen(function* () {
        const { sql, run, runWith, ids } = yield* openFollowed()
        const out = { SOURCE_TABLES: "public.a=as" }
        assert.strictEqual((yield* runWith(out, "cdc", "--once")).code, 0)
        assert.deepStrictEqual(states((yield* runWith(out, "status", "--json")).stdout), [
          "as: followed",
          "bs: left",
        ])
        const verdict = yield* runWith(out, "verify")
        assert.strictEqual(verdict.code, 0, verdict.stdout + verdict.stderr)
        assert.match(verdict.stdout, /Not followed any more, and not compared.*"bs" \(followed up to/)
        yield* sql("INSERT INTO b VALUES (2, 'between'); INSERT INTO a VALUES (2, 'x')")
        assert.strictEqual((yield* runWith(out, "cdc", "--once")).code, 0)
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
          "as: followed",
          "bs: waiting for full again",
        ])
        assert.deepStrictEqual(yield* ids("bs"), ["I1"])
        assert.match((yield* run("status")).stdout, /waiting for full \(again from 0\//)
      }),
    timeout,
  )
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("status and doctor", (it) => {
  const makeOther = "CREATE TABLE a (id integer PRIMARY KEY, v text)"
  const named = "public.c=as, public.b=bs"
  const cases: ReadonlyArray<{
    readonly what: string
    readonly sql: string
    readonly tables?: string
    /** Of `as`, what `status` says and with which code it ends. */
    readonly state: string
    readonly code: number
    readonly advice: RegExp | undefined
    /** What `doctor` says of its table, and with which code it ends. */
    readonly doctor: RegExp
    readonly doctorCode: number
  }> = [
    {
      what: "is as it was",
      sql: "INSERT INTO a VALUES (2, 'x')",
      state: "as: followed",
      code: 0,
      advice: undefined,
      doctor: /^ok "public"\."a": 2 columns/m,
      doctorCode: 0,
    },
    {
      what: "was renamed",
      sql: "ALTER TABLE a RENAME TO c",
      state: "as: followed",
      code: 0,
      advice: /^Table "public"\."a" is "public"\."c" now: .*Write public\.c=as in SOURCE_TABLES\.$/,
      doctor: /^warning "public"\."a": .*is "public"\."c" now.*\nok "public"\."c": 2 columns/m,
      doctorCode: 0,
    },
    {
      what: "was renamed, and named so in SOURCE_TABLES",
      sql: "ALTER TABLE a RENAME TO c",
      tables: named,
      state: "as: followed",
      code: 0,
      advice: undefined,
      doctor: /^ok "public"\."c": 2 columns/m,
      doctorCode: 0,
    },
    {
      what: "was renamed, and another one bears its name",
      sql: `ALTER TABLE a RENAME TO c; ${makeOther}`,
      state: "as: needs full replaced",
      code: 0,
      advice: /^Another table has the name "public"\."a" now, .*Let `cdc` begin with it, then run .*full/,
      doctor: /^warning "public"\."a": Another table has the name/m,
      doctorCode: 0,
    },
    {
      what: "was dropped",
      sql: "DROP TABLE a",
      state: "as: dropped",
      code: 0,
      advice: /^Table "public"\."a" does not exist any more\. .*Take it out of SOURCE_TABLES/,
      doctor: /^failed "public"\."a": .*does not exist any more/m,
      doctorCode: 1,
    },
    {
      what: "gave its dataset to another one in SOURCE_TABLES",
      sql: makeOther.replace(" a ", " c "),
      tables: named,
      state: "as: followed",
      code: 3,
      advice:
        /^Refused: The dataset "as" belongs to "public"\."a" \(OID \d+\), .*Name "public"\."a" for "as" again/,
      doctor: /^failed "public"\."c": The dataset "as" belongs to "public"\."a"/m,
      doctorCode: 1,
    },
    {
      what: "is one that neither the catalog nor the lake knows",
      sql: "SELECT 1",
      tables: `${both}, public.nada=nadas`,
      state: "nadas: waiting for full new",
      code: 2,
      advice: /^Source, table "public"\."nada": it does not exist\. Correct SOURCE_TABLES/,
      doctor: /^failed "public"\."nada": /m,
      doctorCode: 1,
    },
  ]
  for (const { what, sql, tables = both, state, code, advice, doctor, doctorCode } of cases) {
    it.effect(
      `say the same as cdc of a table that ${what}`,
      () =>
        Effect.gen(function* () {
          const followed = yield* openFollowed()
          yield* followed.sql(sql)
          const settings = { SOURCE_TABLES: tables }
          const status = yield* followed.runWith(settings, "status", "--json")
          assert.strictEqual(status.code, code, status.stderr)
          assert.include(states(status.stdout), state)
          const told = adviceOn(status.stdout, state.split(":")[0] ?? "")
          if (advice === undefined) assert.isNull(told)
          else assert.match(told ?? "", advice)
          const text = (yield* followed.runWith(settings, "status")).stdout
          if (told != null) assert.include(text, told)
          const found = yield* followed.runWith(settings, "doctor", "--json")
          assert.match(doctorLines(found.stdout), doctor)
          assert.strictEqual(found.code, doctorCode, found.stdout)
          const cdc = yield* followed.runWith(settings, "cdc", "--once")
          assert.strictEqual(cdc.code, code, cdc.stderr)
        }),
      timeout,
    )
  }

  it.effect(
    "show the gap of a full that was run before the slot was there, as verify does",
    () =>
      Effect.gen(function* () {
        const pipeline = yield* openPipeline({ setup, tables: "public.a=as" })
        const { sql, run, createSlot } = pipeline
        yield* sql("INSERT INTO a VALUES (1, 'copied')")
        assert.strictEqual((yield* run("full")).code, 0)
        yield* sql("INSERT INTO a VALUES (2, 'in neither')")
        yield* createSlot
        const needsFull = "as: needs full full before slot"
        const before = yield* run("status", "--json")
        assert.deepStrictEqual([before.code, states(before.stdout)], [0, [needsFull]])
        const unbegun = yield* run("verify")
        assert.strictEqual(unbegun.code, 4, unbegun.stderr)
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        const { stdout } = yield* run("status", "--json")
        assert.deepStrictEqual(states(stdout), [needsFull])
        assert.match(adviceOn(stdout, "as") ?? "", /^Run `node dist\/main\.js full`/)
        assert.match(
          doctorLines((yield* run("doctor", "--json")).stdout),
          /^warning "public"\."a": its dataset needs full \(full before slot\)/m,
        )
        const verdict = yield* run("verify")
        assert.strictEqual(verdict.code, 4, verdict.stderr)
        assert.match(verdict.stdout, /"as" needs full \(full before slot, from 0\/.*in neither\. Run/)
        assert.strictEqual((yield* run("full")).code, 0)
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), ["as: followed"])
        assert.strictEqual((yield* run("verify")).code, 0)
      }),
    timeout,
  )
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("full", (it) => {
  it.effect(
    "copies a table that was renamed under its new name, and says so",
    () =>
      Effect.gen(function* () {
        const { sql, run, lake } = yield* openFollowed()
        yield* sql("ALTER TABLE a RENAME TO c")
        const { code, stderr } = yield* run("full")
        assert.strictEqual(code, 0, stderr)
        assert.include(stderr, "Write public.c=as in SOURCE_TABLES")
        const manifests = (yield* lake.keys).filter((key) => /^full\/as\/.*\.json$/.test(key))
        assert.include(yield* lake.text(manifests.at(-1) ?? ""), `"table": "\\"public\\".\\"c\\""`)
      }),
    timeout,
  )

  it.effect(
    "writes nothing where a table was dropped, and says that its dataset stays",
    () =>
      Effect.gen(function* () {
        const { sql, run, runWith, lake } = yield* openFollowed()
        const before = yield* lake.keys
        yield* sql("DROP TABLE a")
        const { code, stderr } = yield* run("full")
        assert.strictEqual(code, 2, stderr)
        assert.match(stderr, /public.*a.*does not exist any more.*take it out of SOURCE_TABLES/i)
        assert.deepStrictEqual(yield* lake.keys, before)
        assert.strictEqual((yield* runWith({ SOURCE_TABLES: "public.b=bs" }, "full")).code, 0)
      }),
    timeout,
  )

  it.effect(
    "refuses a lake of another database, with a watermark and without one",
    () =>
      Effect.gen(function* () {
        const { lake, runWith, slot } = yield* openFollowed()
        const other = yield* (yield* TestPostgres).database(setup)
        const elsewhere = { DATABASE_URL: `${other.url}?sslmode=disable` }
        const before = yield* lake.keys
        const refused = yield* runWith(elsewhere, "full")
        assert.strictEqual(refused.code, 3, refused.stderr)
        assert.include(refused.stderr, "watermark belongs to database")
        assert.deepStrictEqual(yield* lake.keys, before)
        yield* Effect.promise(() => rm(`${lake.folder}/inc`, { recursive: true }))
        const stillRefused = yield* runWith(elsewhere, "full")
        assert.strictEqual(stillRefused.code, 3, stillRefused.stderr)
        assert.include(stillRefused.stderr, "full --new-source")
        const unused = { ...elsewhere, REPLICATION_SLOT: `${slot}_other` }
        assert.strictEqual((yield* runWith(unused, "full", "--new-source")).code, 0)
      }),
    timeout,
  )
})

layer(TestPostgres.layer(), { excludeTestServices: true })("a server restored from an older copy", (it) => {
  it.effect(
    "is refused although its WAL has passed the watermark, and nothing is changed",
    () =>
      Effect.gen(function* () {
        const { server } = yield* TestPostgres
        const { sql, run, lake, slot } = yield* openFollowed()
        const copy = `${server.dataFolder}.copy`
        yield* Effect.addFinalizer(() => Effect.promise(() => rm(copy, { recursive: true, force: true })))
        const copyFolder = (from: string, to: string) =>
          Effect.promise(async () => {
            await rm(to, { recursive: true, force: true })
            // Owners are kept: as root the server has an account of its own.
            await promisify(execFile)("cp", ["-a", from, to])
          })
        yield* server.stop("fast")
        yield* copyFolder(server.dataFolder, copy)
        yield* server.restart
        yield* sql("INSERT INTO a VALUES (2, 'never happened on the restored server')")
        assert.strictEqual((yield* run("cdc", "--once")).code, 0)
        const before = yield* lake.text("inc/_watermark.txt")
        yield* server.stop("fast")
        yield* copyFolder(copy, server.dataFolder)
        yield* server.restart
        yield* sql("INSERT INTO a SELECT n, repeat('other', 100) FROM generate_series(100, 1000) AS n")
        const confirmed =
          "SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = $1"
        const slotBefore = yield* sql(confirmed, [slot])
        const { code, stderr } = yield* run("cdc", "--once")
        assert.strictEqual(code, 3, stderr)
        assert.match(stderr, /restored from an older copy/)
        assert.strictEqual(yield* lake.text("inc/_watermark.txt"), before)
        assert.deepStrictEqual(yield* sql(confirmed, [slot]), slotBefore)
      }),
    timeout,
  )
})
