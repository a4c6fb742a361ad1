/**
 * PostgreSQL goes away and comes back: `cdc` waits for it, goes on by itself, says so once each way, and the lake holds
 * each row once. How long it waits is in `test/unit/pipeline` and `test/unit/retry/RetryPolicy.test.ts`, where time is virtual.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { eventually } from "../../support/eventually.ts"
import { tcpProxy } from "../../support/network/tcpProxy.ts"
import { openSession } from "../../support/postgres/pgClient.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import {
  checkHealed,
  endWriter,
  following,
  insert,
  never,
  once,
  openShop,
  type Shop,
  through,
} from "../../support/program/following.ts"

const slotInUse = "55006"

/** Waits until the program reads a batch that takes the server a second or so. */
const readingLong = Effect.fn("readingLong")(function* (shop: Shop) {
  yield* shop.sql(
    "BEGIN; INSERT INTO public.other SELECT generate_series(1, 400000); INSERT INTO public.t VALUES (2, 'x'); COMMIT",
  )
  yield* eventually(
    "the program reads",
    Effect.map(
      shop.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'afluente cdc'
            AND state = 'active' AND query LIKE 'COPY%pg_logical_slot_peek_changes%'`,
      ),
      (sessions) => sessions.length === 1,
    ),
  )
})

/** While a session that is none of ours reads the slot. */
const besideReader = <A, E, R>(shop: Shop, during: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const reader = yield* openSession(`${shop.database.url}?replication=database`)
    // The program may be reading at this moment.
    const hold = Effect.retry(reader.sql(`START_REPLICATION SLOT ${shop.slot} LOGICAL 0/0`), {
      schedule: Schedule.spaced("50 millis"),
      while: ({ code }) => code === slotInUse,
    })
    yield* Effect.forkScoped(hold)
    yield* eventually(
      "it reads",
      Effect.map(
        shop.sql(
          `SELECT FROM pg_replication_slots JOIN pg_stat_activity ON pid = active_pid
            WHERE slot_name = $1 AND application_name = 'test'`,
          [shop.slot],
        ),
        (found) => found.length === 1,
      ),
    )
    yield* during
  }).pipe(Effect.scoped)

const writerOf = ({ sql }: Shop) =>
  sql(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'afluente cdc'",
  )

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc goes on by itself", (it) => {
  for (const mode of ["fast", "immediate"] as const) {
    it.effect(`when PostgreSQL is restarted (${mode}) while nothing waits`, () =>
      Effect.gen(function* () {
        const { server } = yield* TestPostgres
        const shop = yield* openShop()
        const program = yield* following(shop)
        yield* server.stop(mode)
        yield* program.says("level=WARN")
        yield* server.restart
        yield* insert(shop, 2)
        yield* checkHealed(shop, program, once)
      }).pipe(Effect.provide(TestPostgres.layer())),
    )

    it.effect(`when PostgreSQL is restarted (${mode}) while a batch is read`, () =>
      Effect.gen(function* () {
        const { server } = yield* TestPostgres
        const shop = yield* openShop()
        const program = yield* following(shop)
        yield* readingLong(shop)
        yield* server.stop(mode)
        yield* server.restart
        yield* insert(shop, 3)
        yield* checkHealed(shop, program, once)
      }).pipe(Effect.provide(TestPostgres.layer())),
    )
  }

  it.effect("when PostgreSQL is away for several tries, and speaks of it once", () =>
    Effect.gen(function* () {
      const { server } = yield* TestPostgres
      const shop = yield* openShop()
      const network = yield* tcpProxy(server.port)
      const program = yield* following(shop, through(shop, network))
      yield* server.stop("fast")
      const before = network.asked()
      // After 0.25, 0.5, 1 and 2 seconds.
      yield* eventually(
        "four tries",
        Effect.sync(() => network.asked() >= before + 4),
      )
      yield* server.restart
      yield* insert(shop, 2)
      yield* checkHealed(shop, program, once)
    }).pipe(Effect.provide(TestPostgres.layer())),
  )

  it.effect("when its session is ended while nothing waits", () =>
    Effect.gen(function* () {
      const shop = yield* openShop()
      const program = yield* following(shop)
      yield* endWriter(shop.sql)
      yield* insert(shop, 2)
      yield* checkHealed(shop, program, once)
    }),
  )

  it.effect("when its session is ended while a batch is read", () =>
    Effect.gen(function* () {
      const shop = yield* openShop()
      const program = yield* following(shop)
      yield* readingLong(shop)
      yield* endWriter(shop.sql)
      yield* insert(shop, 3)
      yield* checkHealed(shop, program, once)
    }),
  )

  it.effect("when another session held the slot for a while", () =>
    Effect.gen(function* () {
      const shop = yield* openShop()
      const program = yield* following(shop)
      yield* besideReader(
        shop,
        Effect.andThen(insert(shop, 2), program.says("Another session reads the slot")),
      )
      yield* checkHealed(shop, program, once)
    }),
  )

  it.effect("without a word when another session held the slot for a moment", () =>
    Effect.gen(function* () {
      const shop = yield* openShop()
      const program = yield* following(shop)
      const writer = yield* writerOf(shop)
      yield* besideReader(shop, Effect.andThen(insert(shop, 2), Effect.sleep("2 seconds")))
      yield* eventually(
        "the lake has it",
        Effect.map(shop.lake.allRecords("inc/"), (rows) => rows.length === 2),
      )
      assert.deepStrictEqual(yield* writerOf(shop), writer)
      yield* checkHealed(shop, program, never)
    }),
  )
})
