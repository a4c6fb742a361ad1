/** `drop-slot`: removes the slot and nothing else, and only when somebody agreed. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../../support/eventually.ts"
import { openWithFailingLake } from "../../support/lake/failingLake.ts"
import { openSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"

const openSimple = openPipeline({
  setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
  tables: "public.t=coisas",
})

const exists = ({ sql, slot }: Pipeline) =>
  Effect.map(
    sql("SELECT FROM pg_replication_slots WHERE slot_name = $1", [slot]),
    (found) => found.length === 1,
  )

layer(TestPostgres.shared, { excludeTestServices: true })("drop-slot", (it) => {
  it.effect("drops the slot when it is told --yes", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.createSlot
      const { code, stdout } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual(
        [code, stdout, yield* exists(pipeline)],
        [0, `slot  ${pipeline.slot}: dropped\n`, false],
      )
    }),
  )

  it.effect("ends with 2 and keeps the slot where there is nobody to ask", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.createSlot
      const { code, stderr } = yield* pipeline.run("drop-slot")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [2, true])
      assert.match(stderr, /no terminal to ask on: add --yes/)
    }),
  )

  it.effect("says so and ends with 0 where there is no such slot", () =>
    Effect.gen(function* () {
      const { run, slot } = yield* openSimple
      const { code, stdout } = yield* run("drop-slot", "--yes")
      assert.deepStrictEqual([code, stdout], [0, `slot  ${slot}: does not exist, nothing to drop\n`])
    }),
  )

  it.effect("refuses with 3 while cdc runs, between two of its reads too", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.createSlot
      const writer = yield* pipeline.start("cdc")
      yield* pipeline.sql("INSERT INTO public.t VALUES (1)")
      yield* writer.says("cdc: batch written")
      const { code, stderr } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [3, true])
      assert.match(stderr, /is in use by process \d+ of the server \(afluente cdc\)/)
    }),
  )

  it.effect("refuses with 3 while cdc waits for its lake and no session reads the slot", () =>
    Effect.gen(function* () {
      const pipeline = yield* openWithFailingLake
      const { code, stderr } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [3, true])
      assert.match(stderr, /is in use by process \d+ of the server \(afluente cdc( presence)?\)/)
    }),
  )

  it.effect("drops the slot as soon as cdc has ended", () =>
    Effect.gen(function* () {
      const pipeline = yield* openWithFailingLake
      yield* pipeline.writer.signal("SIGTERM")
      yield* pipeline.writer.outcome
      const { code } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [0, false])
    }),
  )

  it.effect("refuses with 3 while a reader that is none of ours is connected", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.createSlot
      const reader = yield* openSession(`${pipeline.database.url}?replication=database`)
      yield* Effect.forkScoped(reader.sql(`START_REPLICATION SLOT ${pipeline.slot} LOGICAL 0/0`))
      yield* eventually(
        "the slot is in use",
        Effect.map(
          pipeline.sql("SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active", [pipeline.slot]),
          (found) => found.length === 1,
        ),
      )
      const { code, stderr } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [3, true])
      assert.match(stderr, /is in use by process \d+ of the server \(test\)/)
    }),
  )

  it.effect("leaves a slot of another plugin alone", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.sql("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [pipeline.slot])
      const { code, stderr } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [2, true])
      assert.match(stderr, /it belongs to pgoutput/)
    }),
  )

  it.effect("leaves a slot of another database alone", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const other = yield* (yield* TestPostgres).database()
      yield* other.sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [pipeline.slot])
      const { code, stderr } = yield* pipeline.run("drop-slot", "--yes")
      assert.deepStrictEqual([code, yield* exists(pipeline)], [2, true])
      assert.match(stderr, new RegExp(`it was made in the database .*${other.name}`))
    }),
  )
})
