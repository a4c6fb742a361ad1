/** What the server refuses, by the name that a person needs, and with the exit code that keeps a service from trying on. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { openLakeFolder } from "../../support/lake/lakeFolder.ts"
import { openSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres, testServer } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const setup = "CREATE TABLE public.a (id integer PRIMARY KEY, v text)"

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc", (it) => {
  it.effect("ends at once with 2 where a transaction is larger than temp_file_limit", () =>
    Effect.gen(function* () {
      const { sql, database, run, createSlot } = yield* openPipeline({ setup, tables: "public.a" })
      yield* createSlot
      yield* sql(`ALTER ROLE ${database.role} SET temp_file_limit = '1MB'`)
      yield* sql("INSERT INTO public.a SELECT i, repeat('z', 500) FROM generate_series(1, 20000) i")
      const { code, stderr } = yield* run("cdc", "--once")
      assert.strictEqual(code, 2, stderr)
      // PostgreSQL 18 puts quotes around the setting's name.
      assert.match(stderr, /Source, slot .*temp_file_limit\S* \(1024kB\).*ALTER ROLE … SET temp_file_limit/)
      assert.notInclude(stderr, "level=WARN")
      yield* sql(`ALTER ROLE ${database.role} SET temp_file_limit = -1`)
      assert.strictEqual((yield* run("cdc", "--once")).code, 0)
    }),
  )
})

describe("a standby", () => {
  it.live("is refused by every command with 2 and the sentence of doctor", () =>
    Effect.gen(function* () {
      const server = yield* testServer()
      const lake = yield* openLakeFolder
      const url = server.url("postgres")
      const directory = yield* Effect.scoped(
        Effect.gen(function* () {
          const { sql } = yield* openSession(url)
          yield* sql(setup)
          yield* sql("SELECT pg_create_logical_replication_slot('s', 'test_decoding')")
          const [row] = yield* sql("SHOW data_directory")
          return row?.["data_directory"] ?? ""
        }),
      )
      yield* server.stop("fast")
      yield* Effect.promise(() => writeFile(join(directory, "standby.signal"), ""))
      yield* server.restart
      const environment = {
        DATABASE_URL: `${url}?sslmode=disable`,
        LAKE_URL: lake.url,
        SOURCE_TABLES: "public.a",
        REPLICATION_SLOT: "s",
      }
      const commands = [
        ["full"],
        ["cdc"],
        ["cdc", "--once"],
        ["init"],
        ["status"],
        ["verify"],
        ["drop-slot", "--yes"],
      ]
      for (const command of commands) {
        const { code, stdout, stderr } = yield* runProgram(command, environment)
        assert.strictEqual(code, 2, `${command.join(" ")}: ${stderr}`)
        assert.match(
          stderr,
          /the server is a standby: it cannot advance a slot or report its WAL position\. Point DATABASE_URL or PGHOST at the primary\./,
        )
        assert.notMatch(stdout + stderr, /[Dd]rop/)
      }
    }).pipe(Effect.scoped),
  )
})
