/**
 * What a person can get wrong: one clear error on stderr that says what to do next, the exit code of the contract, and
 * nothing in the lake.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { nobodysPort } from "../../support/network/ports.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type PipelineOptions } from "../../support/program/pipeline.ts"
import { type Environment, type Outcome, runProgram } from "../../support/program/program.ts"

/** Stands for every secret and every value of a row: no output may hold it. */
const marker = "s3gr3do"

const table: PipelineOptions = {
  setup: `CREATE TABLE public.t (id integer PRIMARY KEY, v text); INSERT INTO public.t VALUES (1, '${marker}')`,
  tables: "public.t",
}

/** One error, in words, with nothing that is nobody's business. A log line quotes what stands in quotes. */
const assertTold = (outcome: Outcome, code: number, words: RegExp) => {
  const told = outcome.stderr.replaceAll('\\"', '"')
  assert.strictEqual(outcome.code, code, told)
  assert.match(told, words)
  assert.isAtMost(told.match(/level=ERROR|^afluente: /gm)?.length ?? 0, 1, "one error")
  assert.notMatch(told, /\n\s+at /, "no stack")
  assert.notInclude(outcome.stdout + outcome.stderr, marker)
}

/** Runs a command on a table, with settings or SQL that spoil something, and gives what it said and left in the lake. */
const attempt = Effect.fn("attempt")(function* (
  args: ReadonlyArray<string>,
  spoilt: {
    readonly sql?: string
    readonly settings?: (environment: Environment, database: string) => Environment
    readonly tables?: string
    readonly withSlot?: boolean
  },
) {
  const { run, sql, lake, environment, database, createSlot } = yield* openPipeline({
    ...table,
    tables: spoilt.tables ?? table.tables,
  })
  if (spoilt.withSlot !== false) yield* createSlot
  if (spoilt.sql !== undefined) yield* sql(spoilt.sql)
  const outcome = yield* spoilt.settings === undefined
    ? run(...args)
    : runProgram(args, { ...environment, ...spoilt.settings(environment, database.name) })
  return { ...outcome, lake: yield* lake.keys }
})

const changedUrl = (environment: Environment, change: (url: URL) => void): Environment => {
  const url = new URL(environment["DATABASE_URL"] ?? "")
  change(url)
  return { DATABASE_URL: url.href }
}

/** A role of this name with its password; gone with the test. */
const withRole = Effect.fn("withRole")(function* (rights: string) {
  const { sql } = yield* TestPostgres
  const role = `role_${Math.random().toString(36).slice(2)}`
  yield* Effect.acquireRelease(sql(`CREATE ROLE ${role} LOGIN ${rights} PASSWORD '${marker}'`), () =>
    Effect.ignore(sql(`DROP ROLE ${role}`)),
  )
  return (environment: Environment) =>
    changedUrl(environment, (url) => {
      url.username = role
      url.password = marker
    })
})

describe.concurrent("wrong usage", () => {
  for (const [what, args, words] of [
    ["no command", [], /USAGE/],
    ["an unknown command", ["fulll"], /Unknown subcommand "fulll"/],
    ["an unknown flag", ["cdc", "--onec"], /Unrecognized flag: --onec/],
    ["a word too many", ["full", "now"], /Unexpected positional argument: "now"/],
  ] as const) {
    it.live(`${what} ends with 2 and shows the usage on stderr`, () =>
      Effect.gen(function* () {
        const { code, stdout, stderr } = yield* runProgram(args, {})
        assert.deepStrictEqual([code, stdout], [2, ""])
        assert.match(stderr, words)
      }),
    )
  }

  it.live("help that is asked for goes to stdout", () =>
    Effect.gen(function* () {
      const { code, stdout, stderr } = yield* runProgram(["cdc", "--help"], {})
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.include(stdout, "--no-wait")
    }),
  )
})

describe.concurrent("settings that cannot be used", () => {
  it.live("are told all together, each with its name and an example", () =>
    Effect.gen(function* () {
      const wrong = {
        DATABASE_URL: `http://user:${marker}@host/database`,
        PGPORT: "many",
        PGSSLMODE: "perhaps",
        SOURCE_TABLES: "cliente",
        REPLICATION_SLOT: "My-Slot",
        POLL_INTERVAL: "soon",
        LAKE_URL: "ftp://raw",
        LAKE_LAYOUT: "both",
        MINIO_ENDPOINT: "localhost",
        BATCH_MAX_CHANGES: "0",
        LOG_LEVEL: "loud",
        LOG_FORMAT: "xml",
      }
      const outcome = yield* runProgram(["full"], wrong)
      assertTold(outcome, 2, /^afluente: 12 settings cannot be used:\n/)
      const named = outcome.stderr
        .split("\n")
        .flatMap((line) => /^ {2}- (\w+): .+ For example: \1=/.exec(line)?.[1] ?? [])
      assert.deepStrictEqual(named.toSorted(), Object.keys(wrong).toSorted())
    }),
  )

  it.live("may be the bucket RAW: the name to use is told", () =>
    Effect.gen(function* () {
      const outcome = yield* runProgram(["full"], {
        LAKE_URL: "s3://RAW",
        MINIO_ACCESS_KEY: "key",
        MINIO_SECRET_KEY: marker,
      })
      assertTold(outcome, 2, /LAKE_URL: S3 forbids capitals .*"RAW" cannot exist, use "raw"/)
    }),
  )

  it.live("may be missing: the keys of a bucket", () =>
    Effect.gen(function* () {
      const outcome = yield* runProgram(["cdc", "--once"], { MINIO_ACCESS_KEY: "key" })
      assertTold(outcome, 2, /MINIO_ACCESS_KEY, MINIO_SECRET_KEY: both are needed.*LAKE_URL=file:/)
    }),
  )

  it.live("may be a table without its schema", () =>
    Effect.gen(function* () {
      const outcome = yield* runProgram(["full", "--lake-url", "file:./lake"], { SOURCE_TABLES: "cliente" })
      assertTold(
        outcome,
        2,
        /SOURCE_TABLES: "cliente" has no schema: write schema\.table, for example public\.cliente/,
      )
    }),
  )
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("bad input", (it) => {
  it.effect("a server that does not answer is tried for 30 seconds, then it is 1", () =>
    Effect.gen(function* () {
      const settings = (environment: Environment) =>
        changedUrl(environment, (url) => {
          url.port = String(nobodysPort)
        })
      const outcome = yield* attempt(["cdc"], { settings })
      assertTold(outcome, 1, /ECONNREFUSED.*PostgreSQL did not answer\. Check DATABASE_URL/)
      assert.match(outcome.stderr, /level=WARN.*tryingAgainFor=30s/)
      assert.deepStrictEqual(outcome.lake, [])
    }),
  )

  for (const command of [["full"], ["cdc", "--once"], ["init"]] as const) {
    const name = command.join(" ")
    it.effect(`a wrong password is told by ${name}, with 2`, () =>
      Effect.gen(function* () {
        const settings = (environment: Environment) =>
          changedUrl(environment, (url) => {
            url.password = marker
          })
        const outcome = yield* attempt(command, { settings })
        assertTold(outcome, 2, /password authentication failed.*Check PGUSER and PGPASSWORD/)
        assert.deepStrictEqual(outcome.lake, [])
      }),
    )

    it.effect(`a database that is not there is told by ${name}, with 2`, () =>
      Effect.gen(function* () {
        const settings = (environment: Environment) =>
          changedUrl(environment, (url) => {
            url.pathname = "/nada"
          })
        const outcome = yield* attempt(command, { settings })
        assertTold(outcome, 2, /database "nada" does not exist.*Correct PGDATABASE or DATABASE_URL/)
        assert.deepStrictEqual(outcome.lake, [])
      }),
    )
  }

  for (const command of [["full"], ["cdc", "--once"]] as const) {
    it.effect(`a table that is not there is told by ${command.join(" ")}, with 2`, () =>
      Effect.gen(function* () {
        const outcome = yield* attempt(command, { tables: 'public."T"=t' })
        assertTold(outcome, 2, /table "public"\."T": it does not exist\. Correct SOURCE_TABLES/)
        assert.deepStrictEqual(outcome.lake, [])
      }),
    )
  }

  for (const [what, sql, words] of [
    ["a view", "CREATE VIEW public.x AS SELECT * FROM public.t", /it is a view/],
    [
      "a partitioned table with an unlogged partition",
      "CREATE TABLE public.x (id integer) PARTITION BY RANGE (id); CREATE UNLOGGED TABLE public.y PARTITION OF public.x DEFAULT",
      /its partition "public"\."y" is unlogged/,
    ],
    ["an unlogged table", "CREATE UNLOGGED TABLE public.x (id integer)", /it is unlogged/],
    ["a materialized view", "CREATE MATERIALIZED VIEW public.x AS SELECT 1 AS id", /it is a view/],
    [
      "a foreign table",
      "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE public.x (id integer) SERVER s",
      /it is a foreign table/,
    ],
  ] as const) {
    it.effect(`${what}, whose changes are not in the WAL, is refused by cdc with 2`, () =>
      Effect.gen(function* () {
        const outcome = yield* attempt(["cdc", "--once"], { tables: "public.x", sql })
        assertTold(outcome, 2, words)
        assert.deepStrictEqual(outcome.lake, [])
      }),
    )
  }

  it.effect(
    "a table beside its partition, whose rows would be in two datasets, is refused by cdc with 2",
    () =>
      Effect.gen(function* () {
        const outcome = yield* attempt(["cdc", "--once"], {
          tables: "public.x,public.y",
          sql: "CREATE TABLE public.x (id integer) PARTITION BY RANGE (id); CREATE TABLE public.y PARTITION OF public.x DEFAULT",
        })
        assertTold(outcome, 2, /table "public"\."y": it has rows in common with "public"\."x"/)
        assert.deepStrictEqual(outcome.lake, [])
      }),
  )

  it.effect("a temporary table, which only its own session has, is refused by cdc with 2", () =>
    Effect.gen(function* () {
      const { database, environment, createSlot } = yield* openPipeline(table)
      yield* createSlot
      const owner = yield* database.session
      yield* owner.sql("CREATE TEMPORARY TABLE x (id integer)")
      const [row] = yield* owner.sql("SELECT pg_my_temp_schema()::regnamespace AS schema")
      const tables = { SOURCE_TABLES: `${row?.["schema"]}.x` }
      const outcome = yield* runProgram(["cdc", "--once"], { ...environment, ...tables })
      assertTold(outcome, 2, /it is temporary/)
    }),
  )

  it.effect("a slot that is not there is made by init, as cdc says with 2", () =>
    Effect.gen(function* () {
      const outcome = yield* attempt(["cdc", "--once"], { withSlot: false })
      assertTold(outcome, 2, /slot "slot_\w+": it does not exist\. Create it with `node dist\/main\.js init`/)
      assert.deepStrictEqual(outcome.lake, [])
    }),
  )

  it.effect("a slot that has gone since the lake was begun is refused with 3", () =>
    Effect.gen(function* () {
      const { run, sql, slot, createSlot, lake } = yield* openPipeline(table)
      yield* createSlot
      yield* run("cdc", "--once")
      yield* sql("SELECT pg_drop_replication_slot($1)", [slot])
      const before = yield* lake.text("inc/_watermark.txt")
      assertTold(
        yield* run("cdc", "--once"),
        3,
        /Refused: The slot "slot_\w+" does not exist, but the lake was written from it/,
      )
      assert.strictEqual(yield* lake.text("inc/_watermark.txt"), before)
    }),
  )

  for (const command of [["cdc", "--once"], ["init"]] as const) {
    it.effect(`a slot of another plugin is told by ${command.join(" ")}, with 2`, () =>
      Effect.gen(function* () {
        const { run, sql, slot, lake } = yield* openPipeline(table)
        yield* sql("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot])
        assertTold(
          yield* run(...command),
          2,
          /it belongs to pgoutput, not to test_decoding\. Choose another REPLICATION_SLOT and run `node dist\/main\.js init`/,
        )
        assert.deepStrictEqual(yield* lake.keys, [])
      }),
    )

    it.effect(`a slot of another database is told by ${command.join(" ")}, with 2`, () =>
      Effect.gen(function* () {
        const { run, slot, lake } = yield* openPipeline(table)
        const other = yield* (yield* TestPostgres).database()
        yield* other.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot])
        assertTold(
          yield* run(...command),
          2,
          new RegExp(`it was made in the database "${other.name}"\\. A slot belongs to one database`),
        )
        assert.deepStrictEqual(yield* lake.keys, [])
      }),
    )
  }

  it.effect("a role that may not replicate is told so by cdc, with 2", () =>
    Effect.gen(function* () {
      const settings = yield* withRole("NOREPLICATION")
      const outcome = yield* attempt(["cdc", "--once"], { settings })
      assertTold(
        outcome,
        2,
        /replication.*As a superuser: ALTER ROLE … REPLICATION; \(`node dist\/main\.js doctor` prints it/,
      )
      assert.deepStrictEqual(outcome.lake, [])
    }),
  )

  it.effect("a role that may not read the table is told so by full, with 2", () =>
    Effect.gen(function* () {
      const settings = yield* withRole("REPLICATION")
      const outcome = yield* attempt(["full"], { settings })
      assertTold(
        outcome,
        2,
        /permission denied for table t.*`node dist\/main\.js doctor` prints .* GRANT SELECT ON/,
      )
      assert.deepStrictEqual(outcome.lake, [])
    }),
  )

  it.effect("a server whose log is not logical is told by init and cdc, with 2", () =>
    Effect.gen(function* () {
      const { run, lake } = yield* openPipeline(table)
      assertTold(yield* run("init"), 2, /wal_level is replica\. Set wal_level = logical in postgresql\.conf/)
      assertTold(yield* run("cdc", "--once"), 2, /slot "slot_\w+": it does not exist\. Create it with/)
      assert.deepStrictEqual(yield* lake.keys, [])
    }).pipe(Effect.provide(TestPostgres.layer({ settings: { wal_level: "replica" } }))),
  )

  for (const command of [["full"], ["cdc", "--once"], ["init"]] as const) {
    it.effect(`a lake below a regular file is told by ${command.join(" ")}, with 2`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const file = join(folder, "file")
        yield* Effect.promise(() => writeFile(file, ""))
        const outcome = yield* attempt(command, { settings: () => ({ LAKE_URL: `file:${file}/lake` }) })
        assertTold(outcome, 2, /Lake, .*a file where a folder must be\..*choose another LAKE_URL/)
      }),
    )
  }

  it.effect("a folder in the place of the watermark is told by every command, with 2", () =>
    Effect.gen(function* () {
      const { run, lake, createSlot } = yield* openPipeline(table)
      yield* createSlot
      yield* Effect.promise(() => mkdir(join(lake.folder, "inc/_watermark.txt"), { recursive: true }))
      for (const command of [["full"], ["cdc", "--once"], ["status"], ["verify"]])
        assertTold(yield* run(...command), 2, /_watermark\.txt.*Move it out of the lake/)
    }),
  )

  it.effect("values of rows are in no output, not even of the most talkative", () =>
    Effect.gen(function* () {
      const { run, sql, createSlot } = yield* openPipeline(table)
      yield* createSlot
      yield* sql(`UPDATE public.t SET v = '${marker}!'`)
      const outcomes = yield* Effect.forEach([["full"], ["cdc", "--once"]], (args) =>
        run(...args, "--log-level", "trace"),
      )
      const told = outcomes.map(({ stdout, stderr }) => stdout + stderr).join("")
      assert.deepStrictEqual([outcomes.map(({ code }) => code), told.includes(marker)], [[0, 0], false])
    }),
  )
})
