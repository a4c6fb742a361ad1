/** Who asks the program to end, or kills it, does not wait long, finds nothing half-written, and loses nothing. */
import { rename, rm, writeFile } from "node:fs/promises"
import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { eventually } from "../../support/eventually.ts"
import { nobodysPort } from "../../support/network/ports.ts"
import { tcpProxy } from "../../support/network/tcpProxy.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { following, insert, openShop, type Shop, through } from "../../support/program/following.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { type Environment, type RunningProgram, startProgram } from "../../support/program/program.ts"
import { type MemoryS3, memoryS3 } from "../../support/s3/memoryS3.ts"
import type { Asked } from "../../support/s3/scriptedS3.ts"

/**
 * Sends the signal; tells the exit code, and how many seconds it took to the end. More than 50 fail the test: the batch
 * in hand is given up after 20, a silent store would be after a minute, and a silent server after hours.
 */
const stopped = Effect.fn("stopped")(function* (program: RunningProgram, signal: NodeJS.Signals) {
  const begun = yield* Clock.currentTimeMillis
  yield* program.signal(signal)
  const { code } = yield* program.outcome
  return { code, seconds: ((yield* Clock.currentTimeMillis) - begun) / 1000 }
})

/** "At once" is less than what it would wait for otherwise: the store or the source for 30 s, a slow row for 60. */
const atOnceSeconds = 25
/** A connection to a source that is silent is waited for only 10 s. */
const beforeConnectTimeout = 9

/** Another `cdc` carries the rest; then the lake holds the table. */
const checkCompleted = Effect.fn("checkCompleted")(function* (
  { sql, lake, run }: Shop,
  gather: Effect.Effect<void> = Effect.void,
) {
  const { code, stderr } = yield* run("cdc", "--once")
  yield* gather
  const ids = (yield* sql("SELECT id FROM public.t ORDER BY id")).map((row) => row["id"])
  const inLake = (yield* lake.allRecords("inc/")).map((row) => row["id"])
  assert.deepStrictEqual({ code, inLake }, { code: 0, inLake: ids }, stderr)
})

/** A view whose first 20 MB come quickly and whose last rows take a minute each, unless `pace` says otherwise. */
const openSlow = (settings: Environment = {}) =>
  openPipeline({
    setup: `CREATE TABLE public.pace AS SELECT true AS slow;
      CREATE VIEW public.slow AS SELECT n, repeat('x', 1000) AS v,
        CASE WHEN n > 20000 AND (SELECT slow FROM public.pace) THEN pg_sleep(60)::text END AS s
        FROM generate_series(1, 20060) AS n`,
    tables: "public.slow",
    settings,
  })

const isHidden = (key: string) => /(^|\/)\./.test(key)

/** Waits until the copy has come to its slow rows, and the server sends nothing more. */
const copyingSlowly = (program: RunningProgram, { sql }: Pipeline) =>
  program.brings(
    "the copy has become slow",
    Effect.map(
      sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
      (sessions) => sessions.length === 1,
    ),
  )

const sessionsOf = ({ sql }: Pipeline) =>
  Effect.map(
    sql(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND starts_with(application_name, 'afluente')",
    ),
    (sessions) => sessions.length,
  )

/** Makes the store take requests of a kind without ever answering; tells whether one has come. */
const neverAnswer = (s3: MemoryS3, isOne: (asked: Asked) => boolean) => {
  let come = false
  return Effect.as(
    s3.suffer((asked, perform) => {
      if (!isOne(asked)) return perform()
      come = true
      return "silence"
    }),
    Effect.sync(() => come),
  )
}

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("the program", (it) => {
  it.effect("gives the batch up when it is stopped while the server decodes", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const network = yield* tcpProxy(server.port)
      const shop = yield* openShop()
      const program = yield* following(shop, through(shop, network))
      const asked = yield* network.freezeOnceAsked("pg_logical_slot_peek_changes")
      yield* insert(shop, 2)
      yield* asked
      assert.strictEqual((yield* stopped(program, "SIGTERM")).code, 0)
      // The process has gone; its network tells the server.
      yield* network.cut
      yield* checkCompleted(shop)
    }),
  )

  for (const [what, isOne] of [
    [
      "an object",
      ({ method, url }: Asked) => method === "PUT" && decodeURIComponent(url).includes("/inc/date="),
    ],
    ["the watermark", ({ method, url }: Asked) => method === "PUT" && url.includes("_watermark.txt")],
  ] as const) {
    it.effect(`gives the batch up when it is stopped while the store takes ${what}`, () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        const shop = yield* openShop(s3.environment)
        const program = yield* following(shop)
        const taking = yield* neverAnswer(s3, isOne)
        yield* insert(shop, 2)
        yield* program.brings("the store takes it", taking)
        assert.strictEqual((yield* stopped(program, "SIGTERM")).code, 0)
        yield* s3.heal
        yield* checkCompleted(shop, s3.copyTo(shop.lake))
      }),
    )
  }

  it.effect("takes back the parts of an object when it is stopped while it sends them", () =>
    Effect.gen(function* () {
      const s3 = yield* memoryS3
      const shop = yield* openShop(s3.environment)
      const program = yield* following(shop)
      const taking = yield* neverAnswer(s3, ({ url }) => url.includes("partNumber=1"))
      yield* shop.sql("INSERT INTO public.t SELECT n, repeat('x', 1000000) FROM generate_series(2, 21) AS n")
      yield* program.brings("the store takes it", taking)
      assert.strictEqual((yield* stopped(program, "SIGTERM")).code, 0)
      assert.deepStrictEqual(yield* s3.unfinished, [])
      yield* s3.heal
      yield* checkCompleted(shop, s3.copyTo(shop.lake))
    }),
  )

  it.effect("ends at once when it is stopped while it waits for a source that refuses it", () =>
    Effect.gen(function* () {
      const { environment } = yield* openShop()
      const url = `postgresql://postgres@127.0.0.1:${nobodysPort}/x?sslmode=disable`
      const away = { ...environment, DATABASE_URL: url }
      for (const [command, expected] of [
        ["cdc", 0],
        ["full", 130],
      ] as const) {
        const program = yield* startProgram([command], away)
        yield* program.says("level=WARN")
        const { code, seconds } = yield* stopped(program, "SIGINT")
        assert.strictEqual(code, expected)
        assert.isBelow(seconds, atOnceSeconds)
      }
    }),
  )

  it.effect("ends at once when it is stopped while it waits for a source that is silent", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const network = yield* tcpProxy(server.port)
      yield* network.freeze
      const shop = yield* openShop()
      for (const [command, expected] of [
        ["cdc", 0],
        ["full", 130],
      ] as const) {
        const before = network.asked()
        const program = yield* startProgram([command], { ...shop.environment, ...through(shop, network) })
        yield* program.brings(
          "it has connected",
          Effect.sync(() => network.asked() > before),
        )
        const { code, seconds } = yield* stopped(program, "SIGINT")
        assert.strictEqual(code, expected)
        assert.isBelow(seconds, beforeConnectTimeout)
      }
    }),
  )

  for (const [when, isOne] of [
    ["is silent", () => true],
    ["does not let it try to write", ({ url }: Asked) => url.includes("uploads")],
  ] as const) {
    it.effect(`ends at once when it is stopped at its start while the store ${when}`, () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        const shop = yield* openShop(s3.environment)
        const taking = yield* neverAnswer(s3, isOne)
        const program = yield* shop.start("cdc")
        yield* program.brings("it asks the store", taking)
        const { code, seconds } = yield* stopped(program, "SIGINT")
        assert.strictEqual(code, 0)
        assert.isBelow(seconds, atOnceSeconds)
      }),
    )
  }

  it.effect(
    "ends with 2 and what to do when a file stands in the place of its folder, and loses nothing",
    () =>
      Effect.gen(function* () {
        const shop = yield* openShop()
        const program = yield* following(shop)
        const aside = `${shop.lake.folder}.aside`
        yield* Effect.promise(async () => {
          await rename(shop.lake.folder, aside)
          await writeFile(shop.lake.folder, "in the way")
        })
        yield* insert(shop, 2)
        const { code, stderr } = yield* program.outcome
        assert.strictEqual(code, 2)
        assert.match(stderr, /a file where a folder must be\. Move it out of the lake/)
        yield* Effect.promise(async () => {
          await rm(shop.lake.folder)
          await rename(aside, shop.lake.folder)
        })
        yield* checkCompleted(shop)
      }),
  )

  it.effect("leaves nothing in the folder when full is stopped in the middle of a copy", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSlow()
      const program = yield* pipeline.start("full")
      yield* copyingSlowly(program, pipeline)
      const { code, seconds } = yield* stopped(program, "SIGTERM")
      assert.deepStrictEqual([code, yield* pipeline.lake.keys], [130, []])
      assert.isBelow(seconds, atOnceSeconds)
    }),
  )

  it.effect("leaves nothing in the bucket when full is stopped in the middle of a copy", () =>
    Effect.gen(function* () {
      const s3 = yield* memoryS3
      const pipeline = yield* openSlow(s3.environment)
      const program = yield* pipeline.start("full")
      yield* copyingSlowly(program, pipeline)
      yield* program.brings(
        "a part in the store",
        Effect.sync(() => s3.asked.some(({ url }) => url.includes("partNumber="))),
      )
      const { code, seconds } = yield* stopped(program, "SIGTERM")
      assert.deepStrictEqual([code, yield* s3.keys, yield* s3.unfinished], [130, [], []])
      assert.isBelow(seconds, atOnceSeconds)
    }),
  )

  it.effect("is let go by the server within seconds when it is killed while the server works for it", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSlow()
      const program = yield* pipeline.start("full")
      yield* copyingSlowly(program, pipeline)
      yield* program.signal("SIGKILL")
      yield* program.outcome
      yield* eventually(
        "its sessions have ended",
        Effect.map(sessionsOf(pipeline), (count) => count === 0),
      )
    }),
  )

  it.effect("copies as if nothing had been when full was killed in the middle of a copy", () =>
    Effect.gen(function* () {
      const pipeline = yield* openSlow()
      const program = yield* pipeline.start("full")
      yield* copyingSlowly(program, pipeline)
      yield* program.signal("SIGKILL")
      yield* program.outcome
      yield* pipeline.sql("UPDATE public.pace SET slow = false")
      const { code, stderr } = yield* pipeline.run("full")
      const keys = yield* pipeline.lake.keys
      const [manifest] = yield* pipeline.lake.manifests()
      // What a reader sees; the hidden file is nobody's any more.
      assert.deepStrictEqual(
        [code, keys.filter((key) => !isHidden(key) && key.endsWith(".csv")), manifest?.rows],
        [0, [manifest?.object], 20060],
        stderr,
      )
    }),
  )
})
