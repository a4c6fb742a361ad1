/** `status`: tells where the pipeline stands, whatever that is, and touches nothing. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { openWithFailingLake } from "../../support/lake/failingLake.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"

const openBare = openPipeline({
  setup: "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
  tables: "public.t=coisas",
})
const openSimple = Effect.tap(openBare, ({ createSlot }) => createSlot)

const keys = [
  "slot",
  "wal_status",
  "safe_wal_size",
  "confirmed_flush_lsn",
  "watermark",
  "epoch",
  "lag_bytes",
  "lag_seconds",
  "retained_wal_bytes",
  "writer",
  "writer_stalled",
  "standbys",
  "datasets",
]

/** Checked in full, so that a key too many is an error as well. */
const Status = Schema.fromJsonString(
  Schema.Struct({
    slot: Schema.String,
    wal_status: Schema.NullOr(Schema.String),
    safe_wal_size: Schema.NullOr(Schema.Finite),
    confirmed_flush_lsn: Schema.NullOr(Schema.String),
    watermark: Schema.NullOr(Schema.String),
    epoch: Schema.NullOr(Schema.Int),
    lag_bytes: Schema.NullOr(Schema.Finite),
    lag_seconds: Schema.NullOr(Schema.Finite),
    retained_wal_bytes: Schema.NullOr(Schema.Finite),
    writer: Schema.Literals(["active", "none"]),
    writer_stalled: Schema.Boolean,
    standbys: Schema.Finite,
    datasets: Schema.Array(
      Schema.Struct({
        dataset: Schema.String,
        table: Schema.String,
        object: Schema.NullOr(Schema.String),
        written_at: Schema.NullOr(Schema.String),
        state: Schema.NullOr(
          Schema.Literals(["followed", "waiting for full", "needs full", "left", "dropped"]),
        ),
        from: Schema.NullOr(Schema.String),
        reason: Schema.NullOr(Schema.String),
        advice: Schema.NullOr(Schema.String),
      }),
    ),
  }),
)
const decode = Schema.decodeUnknownSync(Status, { onExcessProperty: "error" })

const statusOf = ({ run }: Pipeline) =>
  Effect.map(run("status", "--json"), ({ stdout, code, stderr }) => ({
    ...decode(stdout),
    keys: Object.keys(JSON.parse(stdout)),
    code,
    stderr,
  }))

const insert = ({ sql }: Pipeline, id: number) => sql(`INSERT INTO public.t VALUES (${id}, 'x')`)

/** As if the watermark had been written an hour before. */
const makeOlder = ({ lake }: Pipeline) =>
  Effect.gen(function* () {
    const old = new Date(Date.now() - 3600_000).toISOString()
    const text = yield* lake.text("inc/_watermark.txt")
    const older = text.replace(/written_at=.*/, `written_at=${old}`)
    yield* Effect.promise(() => writeFile(join(lake.folder, "inc/_watermark.txt"), older))
  })

const written = Effect.fn("written")(function* (pipeline: Pipeline) {
  const writer = yield* pipeline.start("cdc")
  yield* insert(pipeline, 1)
  yield* writer.says("cdc: batch written")
  return writer
})

layer(TestPostgres.shared, { excludeTestServices: true })("status", (it) => {
  it.effect("tells of a cdc that runs, with exactly the keys that are promised", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* written(pipeline)
      const status = yield* statusOf(pipeline)
      const [object] = yield* pipeline.lake.objects("inc/")
      assert.deepStrictEqual(
        [status.keys, status.writer, status.slot, status.wal_status, status.code],
        [keys, "active", pipeline.slot, "reserved", 0],
      )
      assert.deepStrictEqual(
        status.datasets.map(({ dataset, table, object: newest, state, reason }) => [
          dataset,
          table,
          newest,
          state,
          reason,
        ]),
        [["coisas", '"public"."t"', object ?? "", "followed", null]],
      )
    }),
  )

  it.effect("counts those that stand by", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* written(pipeline)
      assert.strictEqual((yield* statusOf(pipeline)).standbys, 0)
      for (const count of [1, 2]) {
        const standby = yield* pipeline.start("cdc")
        yield* standby.says("cdc: standby")
        yield* standby.brings(
          "it is seen",
          Effect.map(statusOf(pipeline), ({ standbys }) => standbys === count),
        )
      }
      const { stdout } = yield* pipeline.run("status")
      assert.match(stdout, /writer +active, process \d+ of the server \(afluente cdc\); 2 standbys\n/)
    }),
  )

  it.effect("calls a cdc that waits for its lake what it is, and active", () =>
    Effect.gen(function* () {
      const pipeline = yield* openWithFailingLake
      const { writer, standbys } = yield* statusOf(pipeline)
      assert.deepStrictEqual([writer, standbys], ["active", 0])
      const { stdout } = yield* pipeline.run("status")
      assert.match(
        stdout,
        /writer +(starting, or waiting to try source or lake again|active), process \d+ of/,
      )
    }),
  )

  it.effect("tells of a cdc that was killed, and how long its watermark is old", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const writer = yield* written(pipeline)
      yield* writer.signal("SIGKILL")
      yield* writer.outcome
      yield* insert(pipeline, 2)
      const watermark = (yield* pipeline.lake.text("inc/_watermark.txt")).split("\n")
      const before = Date.now()
      const { writer: who, watermark: position, epoch, lag_seconds } = yield* statusOf(pipeline)
      const at = Date.parse(watermark.find((line) => line.startsWith("written_at="))?.slice(11) ?? "")
      assert.deepStrictEqual([who, position, epoch], ["none", watermark[0] ?? "", 1])
      assert.isAtLeast(lag_seconds ?? -1, (before - at) / 1000)
    }),
  )

  it.effect("shows a lag that grows with each commit while no writer runs", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* insert(pipeline, 1)
      yield* pipeline.run("cdc", "--once")
      const lags: Array<number> = []
      for (const id of [2, 3, 4]) {
        lags.push((yield* statusOf(pipeline)).lag_bytes ?? -1)
        yield* insert(pipeline, id)
      }
      assert.deepStrictEqual(
        lags,
        [...new Set(lags)].toSorted((a, b) => a - b),
      )
    }),
  )

  it.effect("does not call an idle cdc late because the log grew by what is not ours", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* written(pipeline)
      yield* pipeline.sql("CREATE TABLE public.other (n integer); INSERT INTO public.other VALUES (1)")
      yield* makeOlder(pipeline)
      const { lag_bytes, lag_seconds } = yield* statusOf(pipeline)
      assert.isAbove(lag_bytes ?? 0, 0)
      assert.isBelow(lag_seconds ?? Number.NaN, 3600)
    }),
  )

  it.effect("knows from an idle cdc's last look that it is not late, however much log came after it", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const writer = yield* pipeline.start("cdc", "--poll-interval", "1h")
      yield* writer.brings(
        "the first watermark",
        Effect.map(pipeline.lake.keys, (found) => found.includes("inc/_watermark.txt")),
      )
      yield* writer.brings(
        // Not between the look of its start and that of its first poll, which is the last for an hour.
        "it rests after its look",
        Effect.map(
          pipeline.sql(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'afluente cdc'
                AND state = 'idle' AND query LIKE '%pg_current_wal_flush_lsn%' AND state_change < now() - interval '2 seconds'
                AND EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1 AND NOT active)`,
            [pipeline.slot],
          ),
          (found) => found.length === 1,
        ),
      )
      for (const n of [1, 2]) yield* pipeline.sql(`CREATE TABLE public.other${n} (); SELECT pg_switch_wal()`)
      yield* makeOlder(pipeline)
      const { lag_bytes, lag_seconds } = yield* statusOf(pipeline)
      assert.isAbove(lag_bytes ?? 0, 8 * 1024 * 1024)
      assert.isBelow(lag_seconds ?? Number.NaN, 3600)
    }),
  )

  it.effect("neither reads nor moves the slot, and writes nothing into the lake", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const look = Effect.all([
        pipeline.sql(
          "SELECT confirmed_flush_lsn, restart_lsn FROM pg_replication_slots WHERE slot_name = $1",
          [pipeline.slot],
        ),
        pipeline.lake.keys,
      ])
      yield* insert(pipeline, 1)
      const before = yield* look
      yield* statusOf(pipeline)
      assert.deepStrictEqual(yield* look, before)
    }),
  )

  it.effect("counts from the slot's confirmed position before there is a watermark", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* insert(pipeline, 1)
      const { code, watermark, lag_bytes, lag_seconds, datasets } = yield* statusOf(pipeline)
      assert.deepStrictEqual([code, watermark, lag_seconds], [0, null, null])
      assert.deepStrictEqual([datasets[0]?.object, datasets[0]?.state], [null, null])
      assert.isAbove(lag_bytes ?? 0, 0)
    }),
  )

  it.effect("ends with 0 where there is no slot yet, and says how to make it", () =>
    Effect.gen(function* () {
      const { run } = yield* openBare
      const { code, stdout } = yield* run("status")
      assert.strictEqual(code, 0)
      assert.match(stdout, /does not exist: create it with `node dist\/main.js init`/)
    }),
  )

  it.effect("ends with 3 where the slot of a lake is gone, after it has told the rest", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* insert(pipeline, 1)
      yield* pipeline.run("cdc", "--once")
      yield* pipeline.run("drop-slot", "--yes")
      const { code, wal_status, datasets, stderr } = yield* statusOf(pipeline)
      assert.deepStrictEqual([code, wal_status, datasets[0]?.object === null], [3, null, false])
      assert.match(stderr, /Refused: The slot .* does not exist, but the lake was written from it/)
    }),
  )

  it.effect("leaves out when the watermark was written where it says no time", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* pipeline.sql("INSERT INTO public.t VALUES (1)")
      yield* pipeline.run("cdc", "--once")
      const text = yield* pipeline.lake.text("inc/_watermark.txt")
      const spoilt = text.replace(/^written_at=.*$/m, "written_at=garbage")
      assert.notStrictEqual(spoilt, text)
      yield* Effect.promise(() => writeFile(join(pipeline.lake.folder, "inc/_watermark.txt"), spoilt))
      const { code, stdout } = yield* pipeline.run("status")
      assert.strictEqual(code, 0)
      assert.match(stdout, /^watermark +[0-9A-F]+\/[0-9A-F]+$/m)
    }),
  )

  it.effect("ends with 3 where the watermark cannot be read, after it has told of the slot", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      yield* insert(pipeline, 1)
      yield* pipeline.run("cdc", "--once")
      yield* Effect.promise(() => writeFile(join(pipeline.lake.folder, "inc/_watermark.txt"), "broken\n"))
      const { code, wal_status, watermark, stderr } = yield* statusOf(pipeline)
      assert.deepStrictEqual([code, wal_status, watermark], [3, "reserved", null])
      assert.match(stderr, /watermark .* cannot be read/)
    }),
  )

  it.effect("ends with 3 and knows no lag where the watermark is that of another source", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSimple
      const other = yield* openSimple
      yield* insert(other, 1)
      yield* other.run("cdc", "--once")
      const text = yield* other.lake.text("inc/_watermark.txt")
      yield* insert(pipeline, 1)
      yield* pipeline.run("cdc", "--once")
      yield* Effect.promise(() => writeFile(join(pipeline.lake.folder, "inc/_watermark.txt"), text))
      const { code, lag_seconds, stderr } = yield* statusOf(pipeline)
      assert.deepStrictEqual([code, lag_seconds], [3, null])
      assert.match(stderr, /watermark belongs to slot/)
    }),
  )

  it.effect("ends with 2 where the name belongs to a slot of another plugin", () =>
    Effect.gen(function* () {
      const pipeline = yield* openBare
      yield* pipeline.sql("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [pipeline.slot])
      const { code, stderr } = yield* statusOf(pipeline)
      assert.strictEqual(code, 2)
      assert.match(stderr, /it belongs to pgoutput/)
    }),
  )

  it.effect("tells the rows of a full, which its manifest knows", () =>
    Effect.gen(function* () {
      const { sql, run } = yield* openSimple
      yield* sql("INSERT INTO public.t SELECT n, 'x' FROM generate_series(1, 7) AS n")
      yield* run("full")
      const { stdout } = yield* run("status")
      assert.match(stdout, /coisas {5}full\/date=\d{8}\/full_coisas_\d{8}_\d{6}\.csv, 7 rows, /)
    }),
  )

  it.effect("prints one document on each line with --watch, until it is stopped, which is 0", () =>
    Effect.gen(function* () {
      const { start } = yield* openSimple
      const watching = yield* start("status", "--json", "--watch")
      yield* watching.brings(
        "two lines",
        Effect.map(watching.told, ({ stdout }) => stdout.split("\n").length > 2),
      )
      yield* watching.signal("SIGINT")
      const { code, stdout } = yield* watching.outcome
      assert.strictEqual(code, 0)
      for (const line of stdout.split("\n").slice(0, -1)) decode(line)
    }),
  )
})
