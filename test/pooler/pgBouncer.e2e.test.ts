/** The program behind PgBouncer: refused where sessions are shared, and at home where they are not. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { openPgBouncer, type PoolMode } from "../support/postgres/pgBouncer.ts"
import { openSession } from "../support/postgres/pgClient.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { runDoctor } from "../support/program/doctor.ts"
import { openPipeline } from "../support/program/pipeline.ts"
import { type Environment, runProgram, startProgram } from "../support/program/program.ts"

/** The application is a client of the same pool: of the same user and database. */
const openPooled = Effect.fnUntraced(function* (mode: PoolMode, poolSize: number) {
  const pipeline = yield* openPipeline({
    setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
    tables: "public.t=coisas",
  })
  yield* pipeline.sql("INSERT INTO public.t VALUES (1)")
  const [url = ""] = yield* openPgBouncer(mode, poolSize, [pipeline.database.url])
  const pooled: Environment = { ...pipeline.environment, DATABASE_URL: `${url}?sslmode=disable` }
  return { ...pipeline, pooled, application: openSession(url) }
})

/** What a session leaves to the next client of the server session. PgBouncer itself carries the client's name on. */
const left = `
  SELECT (SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
           WHERE source = 'session' AND name <> 'application_name') AS set,
         (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks`

layer(TestPostgres.shared, { excludeTestServices: true })("PgBouncer in transaction mode", (it) => {
  it.effect("lets no command leave a setting or a lock on the pool's session", () =>
    Effect.gen(function* () {
      const { application, createSlot, pooled } = yield* openPooled("transaction", 1)
      yield* createSlot
      const { sql } = yield* application
      const before = yield* sql(left)
      const commands = [["init"], ["full"], ["cdc"], ["status"], ["verify"], ["drop-slot", "--yes"]]
      const codes = yield* Effect.forEach(commands, (command) =>
        Effect.map(runProgram(command, pooled), ({ code, stderr }) => [
          code,
          /a connection pooler answers there/.test(stderr),
        ]),
      )
      const doctor = yield* runDoctor(pooled)
      assert.deepStrictEqual(
        [codes, doctor.complaints.includes("FAIL pooler")],
        [commands.map(() => [2, true]), true],
      )
      assert.deepStrictEqual(yield* sql(left), before)
      assert.deepStrictEqual(yield* sql("SELECT count(*) FROM t"), [{ count: "1" }])
    }),
  )

  it.effect("is noticed by a cdc that was told to trust it, when its session goes on elsewhere", () =>
    Effect.gen(function* () {
      const { application, createSlot, pooled, sql } = yield* openPooled("transaction", 8)
      yield* createSlot
      const writer = yield* startProgram(["cdc"], { ...pooled, SOURCE_SESSION_POOLER: "allow" })
      yield* sql("INSERT INTO public.t VALUES (2)")
      yield* writer.says("cdc: batch written")
      // Transactions that stay open take the sessions which the writer has used so far.
      yield* Effect.forEach([1, 2, 3, 4], () =>
        Effect.flatMap(application, ({ sql }) => sql("BEGIN; SELECT 1")),
      )
      const { code, stderr } = yield* writer.outcome
      assert.deepStrictEqual([code, /a connection pooler shares sessions/.test(stderr)], [2, true])
    }),
  )
})

layer(TestPostgres.shared, { excludeTestServices: true })("PgBouncer in session mode", (it) => {
  it.effect("is refused until it is vouched for", () =>
    Effect.gen(function* () {
      const { createSlot, pooled } = yield* openPooled("session", 20)
      yield* createSlot
      const { code, stderr } = yield* runProgram(["cdc", "--once"], pooled)
      assert.strictEqual(code, 2)
      assert.match(stderr, /set SOURCE_SESSION_POOLER=allow/)
    }),
  )

  it.effect("carries a pipeline from init to drop-slot", () =>
    Effect.gen(function* () {
      const { pooled, sql } = yield* openPooled("session", 20)
      const run = (...command: ReadonlyArray<string>) =>
        Effect.map(
          runProgram(command, { ...pooled, SOURCE_SESSION_POOLER: "allow", FULL_PARALLEL: "2" }),
          ({ code, stderr }) => (code === 0 ? command[0] : stderr),
        )
      const done = [yield* run("init"), yield* run("full")]
      yield* sql("INSERT INTO public.t SELECT generate_series(2, 100); DELETE FROM public.t WHERE id = 1")
      done.push(yield* run("cdc", "--once"), yield* run("status"), yield* run("verify"), yield* run("doctor"))
      done.push(yield* run("drop-slot", "--yes"))
      assert.deepStrictEqual(done, ["init", "full", "cdc", "status", "verify", "doctor", "drop-slot"])
    }),
  )

  it.effect("lets a standby take over when the writer is killed, and keeps drop-slot away", () =>
    Effect.gen(function* () {
      const { createSlot, lake, pooled, sql } = yield* openPooled("session", 20)
      yield* createSlot
      const allowed: Environment = { ...pooled, SOURCE_SESSION_POOLER: "allow" }
      const writer = yield* startProgram(["cdc"], allowed)
      yield* sql("INSERT INTO public.t VALUES (2)")
      yield* writer.says("cdc: batch written")
      const standby = yield* startProgram(["cdc"], allowed)
      yield* standby.says("cdc: standby")
      assert.strictEqual((yield* runProgram(["drop-slot", "--yes"], allowed)).code, 3)
      yield* writer.signal("SIGKILL")
      yield* standby.says("taking over")
      yield* sql("INSERT INTO public.t VALUES (3)")
      yield* standby.says("cdc: batch written")
      yield* standby.signal("SIGTERM")
      assert.strictEqual((yield* standby.outcome).code, 0)
      const rows = yield* lake.allRecords("inc/")
      assert.deepStrictEqual(
        rows.map(({ id }) => id),
        ["2", "3"],
      )
    }),
  )
})
