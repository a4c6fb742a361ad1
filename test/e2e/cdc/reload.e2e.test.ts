/** SIGHUP: tables come and go while `cdc` runs and writers go on. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram, startProgram } from "../../support/program/program.ts"
import { states } from "../../support/table/followedTables.ts"

const setup = `CREATE SCHEMA vendas;
  CREATE TABLE public.a (id serial PRIMARY KEY, v text);
  CREATE TABLE vendas.pedido (id serial PRIMARY KEY, v text);
  CREATE TABLE vendas.item (id serial PRIMARY KEY, v text);
  INSERT INTO vendas.pedido (v) SELECT 'before ' || n FROM generate_series(1, 500) AS n`

/** The program with settings in a `.env`, as a person keeps them. */
const open = Effect.gen(function* () {
  const { sql, environment, createSlot } = yield* openPipeline({
    setup,
    tables: "public.a",
    settings: { LAKE_LAYOUT: "datasets" },
  })
  yield* createSlot
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(`${tmpdir()}/afluente-reload-`)),
    (made) => Effect.promise(() => rm(made, { recursive: true })),
  )
  const { SOURCE_TABLES: _, POLL_INTERVAL: __, ...others } = environment
  const set = (lines: string) => Effect.promise(() => writeFile(`${folder}/.env`, lines))
  yield* set("SOURCE_TABLES=public.a=as\nPOLL_INTERVAL=100ms\n")
  return {
    sql,
    set,
    run: (...args: ReadonlyArray<string>) => runProgram(args, others, folder),
    start: (...args: ReadonlyArray<string>) => startProgram(args, others, folder),
  }
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("SIGHUP", (it) => {
  it.effect(
    "adds tables by a pattern while writers go on, full copies them alone, and lake and tables are equal",
    () =>
      Effect.gen(function* () {
        const { sql, set, run, start } = yield* open
        assert.strictEqual((yield* run("full")).code, 0)
        const program = yield* start("cdc")
        const write = sql(`INSERT INTO public.a (v) VALUES ('x');
          INSERT INTO vendas.pedido (v) VALUES ('x'); UPDATE vendas.pedido SET v = 'y' WHERE id % 70 = 0;
          DELETE FROM vendas.pedido WHERE id = (SELECT min(id) FROM vendas.pedido);
          INSERT INTO vendas.item (v) VALUES ('z')`)
        const writer = yield* Effect.forkChild(Effect.repeat(write, Schedule.spaced("20 millis")))
        yield* program.says("cdc: batch written")
        yield* set("SOURCE_TABLES=public.a=as,vendas.*\nPOLL_INTERVAL=100ms\n")
        yield* program.signal("SIGHUP")
        yield* program.says("the settings that were read again are in force")
        const waits = Effect.map(run("status", "--json"), ({ stdout }) =>
          states(stdout).includes("pedido: waiting for full new"),
        )
        yield* program.brings("the new table waits for full", waits)
        const copied = yield* run("full", "--tables", "vendas.*")
        assert.strictEqual(copied.code, 0, copied.stderr)
        yield* sql(
          "CREATE TABLE vendas.novo (id serial PRIMARY KEY, v text); INSERT INTO vendas.novo (v) VALUES ('early')",
        )
        yield* program.says('message="cdc: dataset begins" dataset=novo')
        const alone = yield* run("full", "--tables", "novo")
        assert.strictEqual(alone.code, 0, alone.stderr)
        yield* sql("INSERT INTO vendas.novo (v) VALUES ('late'); UPDATE vendas.novo SET v = v || '!'")
        yield* Effect.sleep("500 millis")
        yield* Fiber.interrupt(writer)
        const verdict = yield* run("verify")
        assert.strictEqual(verdict.code, 0, verdict.stdout + verdict.stderr)
        for (const dataset of ["as", "pedido", "item", "novo"])
          assert.match(verdict.stdout, new RegExp(`^${dataset} {2}equal`, "m"))
        assert.deepStrictEqual(states((yield* run("status", "--json")).stdout), [
          "as: followed",
          "item: followed",
          "novo: followed",
          "pedido: followed",
        ])
        yield* program.signal("SIGTERM")
        assert.strictEqual((yield* program.outcome).code, 0)
      }),
    180_000,
  )

  it.effect(
    "changes nothing where the settings cannot be used, and names what needs a restart",
    () =>
      Effect.gen(function* () {
        const { sql, set, start } = yield* open
        const program = yield* start("cdc")
        yield* sql("INSERT INTO public.a (v) VALUES ('x')")
        yield* program.says("cdc: batch written")
        yield* set("SOURCE_TABLES=cliente\n")
        yield* program.signal("SIGHUP")
        yield* program.says("the old settings stay. A setting cannot be used")
        yield* set("SOURCE_TABLES=public.a=as,public.nada\n")
        yield* program.signal("SIGHUP")
        yield* program.says("are not used, the old ones stay")
        yield* set("SOURCE_TABLES=public.a=as\nCSV_COMPRESSION=gzip\nLOG_FORMAT=json\n")
        yield* program.signal("SIGHUP")
        yield* program.says('"message":"cdc: the settings that were read again are in force"')
        yield* program.says("changed, and needs a restart to apply: CSV_COMPRESSION")
        yield* program.signal("SIGTERM")
        assert.strictEqual((yield* program.outcome).code, 0)
      }),
    60_000,
  )

  it.effect(
    "ends other commands, as without the program's doing",
    () =>
      Effect.gen(function* () {
        const { start } = yield* open
        const program = yield* start("status", "--watch")
        yield* program.says("slot")
        yield* program.signal("SIGHUP")
        assert.strictEqual((yield* program.outcome).code, null)
      }),
    60_000,
  )
})
