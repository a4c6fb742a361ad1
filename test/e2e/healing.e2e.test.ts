/**
 * What goes away and comes back: `cdc` waits for it, goes on by itself, says so once each way, and the lake holds each
 * row once. How long it waits is in `test/pipeline` and `test/Patience.test.ts`, where time is virtual.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../support/eventually.ts"
import { type MemoryS3, memoryS3 } from "../support/memoryS3.ts"
import { openSession, type TestSession } from "../support/pgClient.ts"
import { openPipeline } from "../support/pipeline.ts"
import { TestPostgres } from "../support/postgres.ts"
import { type Environment, type RunningProgram, startProgram } from "../support/program.ts"
import { type Answer, type Asked, s3Error } from "../support/scriptedS3.ts"
import { tcpProxy } from "../support/tcpProxy.ts"

/** `other` is not followed: its rows cost the server time and bring nothing. */
const setup = "CREATE TABLE public.t (id integer PRIMARY KEY, v text); CREATE TABLE public.other (n integer)"

const openShop = (settings: Environment = {}) =>
  Effect.tap(openPipeline({ setup, tables: "public.t", settings }), ({ createSlot }) => createSlot)

type Shop = Effect.Success<ReturnType<typeof openShop>>

const insert = ({ sql }: Shop, id: number) => sql(`INSERT INTO public.t VALUES (${id}, 'x')`)

/** A `cdc` that has written a first row. */
const following = Effect.fn("following")(function* (shop: Shop, settings: Environment = {}) {
  const program = yield* startProgram(["cdc"], { ...shop.environment, ...settings })
  yield* insert(shop, 1)
  yield* program.says("cdc: batch written")
  return program
})

const once = "level=WARN, Working again"
const never = ""

/** Waits until the last row is in the lake, stops the program, and holds the lake to the table. */
const checkHealed = Effect.fn("checkHealed")(function* (
  { sql, lake }: Shop,
  program: RunningProgram,
  expected: typeof once | typeof never,
  gather: Effect.Effect<void> = Effect.void,
) {
  const ids = yield* Effect.map(sql("SELECT id FROM public.t ORDER BY id"), (rows) =>
    rows.map((row) => row["id"]),
  )
  const inLake = Effect.andThen(
    gather,
    Effect.map(lake.allRecords("inc/"), (rows) => rows.map((row) => row["id"])),
  )
  if (expected === once) yield* program.says("Working again")
  yield* program.brings(
    "the last row is in the lake",
    Effect.map(inLake, (found) => found.includes(ids.at(-1))),
  )
  yield* program.signal("SIGTERM")
  const { code, stderr } = yield* program.outcome
  const told = [...stderr.matchAll(/level=WARN|Working again/g)].join(", ")
  assert.deepStrictEqual({ code, told, lake: yield* inLake }, { code: 0, told: expected, lake: ids }, stderr)
})

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

/** Ends the session that holds the writer's lock of this database. */
const endWriter = (sql: TestSession["sql"]) =>
  sql(
    `SELECT pg_terminate_backend(pid) FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })(
  "cdc goes on by itself",
  (it) => {
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
        const program = yield* following(shop, {
          DATABASE_URL: (shop.environment["DATABASE_URL"] ?? "").replace(
            `:${server.port}/`,
            `:${network.port}/`,
          ),
        })
        yield* server.stop("fast")
        const before = network.asked()
        // 0.25, 0.5, 1 and 2 seconds apart.
        yield* eventually(
          "five tries",
          Effect.sync(() => network.asked() >= before + 5),
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
        yield* Effect.scoped(
          Effect.gen(function* () {
            const abandoned = yield* openSession(`${shop.database.url}?replication=database`)
            yield* Effect.forkScoped(abandoned.sql(`START_REPLICATION SLOT ${shop.slot} LOGICAL 0/0`))
            yield* eventually(
              "the slot is in use",
              Effect.map(
                shop.sql("SELECT active FROM pg_replication_slots WHERE slot_name = $1", [shop.slot]),
                ([slot]) => slot?.["active"] === "t",
              ),
            )
            yield* insert(shop, 2)
            yield* program.says("Another session reads the slot")
          }),
        )
        yield* checkHealed(shop, program, once)
      }),
    )

    it.effect("and leaves the batch to its standby when its session is ended while it writes", () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        const shop = yield* openShop(s3.environment)
        const writer = yield* following(shop)
        const standby = yield* shop.start("cdc")
        yield* standby.says("cdc: standby")
        let held = false
        let release = (): void => {}
        const gate = new Promise<void>((resolve) => {
          release = resolve
        })
        // The writer has read all, and waits for a part of its object when the lock changes hands.
        yield* s3.suffer(async (asked, perform) => {
          if (!held && asked.url.includes("partNumber=1")) {
            held = true
            await gate
          }
          return perform()
        })
        yield* shop.sql(
          "INSERT INTO public.t SELECT n, repeat('x', 1000000) FROM generate_series(2, 21) AS n",
        )
        yield* writer.brings(
          "it has sent all but the end",
          Effect.sync(() => held && s3.asked.some((asked) => asked.url.includes("partNumber=2"))),
        )
        yield* endWriter(shop.sql)
        yield* standby.says("cdc: batch written")
        release()
        yield* writer.says("cdc: standby")
        yield* writer.signal("SIGTERM")
        yield* checkHealed(shop, standby, never, s3.copyTo(shop.lake))
        assert.deepStrictEqual(yield* s3.unfinished, [])
      }),
    )
  },
)

const isObject = ({ method, url }: Asked) => method === "PUT" && url.includes("/inc/date=")
const isWatermark = ({ method, url }: Asked) => method === "PUT" && url.includes("/inc/_watermark.txt")

interface LakeTrouble {
  readonly name: string
  readonly from: (asked: Asked) => boolean
  readonly answer: (perform: () => Answer) => Answer
}

const lost = (perform: () => Answer): Answer => {
  perform()
  return "reset"
}

const troubles: ReadonlyArray<LakeTrouble> = [
  { name: "answers 500", from: isObject, answer: () => ({ status: 500 }) },
  { name: "answers 503 SlowDown", from: isObject, answer: () => s3Error(503, "SlowDown") },
  { name: "resets its connections", from: isObject, answer: () => "reset" },
  { name: "takes the object and loses its answers", from: isObject, answer: lost },
  { name: "takes the watermark and loses its answers", from: isWatermark, answer: lost },
]

/** From the first request of the kind on, all requests suffer. Tells how many did. */
const sufferFrom = (s3: MemoryS3, { from, answer }: LakeTrouble) => {
  let suffered = 0
  return Effect.as(
    s3.suffer((asked, perform) => {
      if (suffered === 0 && !from(asked)) return perform()
      suffered++
      return answer(perform)
    }),
    () => suffered,
  )
}

layer(TestPostgres.layer(), { excludeTestServices: true, concurrent: true })(
  "cdc goes on by itself",
  (it) => {
    for (const trouble of troubles) {
      it.effect(`when the store ${trouble.name} for a while`, () =>
        Effect.gen(function* () {
          const s3 = yield* memoryS3
          const shop = yield* openShop(s3.environment)
          const program = yield* following(shop)
          const suffered = yield* sufferFrom(s3, trouble)
          yield* insert(shop, 2)
          // Four requests make a try.
          yield* program.brings(
            "three tries",
            Effect.sync(() => suffered() >= 12),
          )
          yield* s3.heal
          yield* insert(shop, 3)
          yield* checkHealed(shop, program, once, s3.copyTo(shop.lake))
        }),
      )
    }

    for (const [what, isLost] of [
      ["object", isObject],
      ["watermark", isWatermark],
    ] as const) {
      it.effect(`without a word when a single answer about the ${what} is lost`, () =>
        Effect.gen(function* () {
          const s3 = yield* memoryS3
          const shop = yield* openShop(s3.environment)
          const program = yield* following(shop)
          let done = false
          yield* s3.suffer((asked, perform) => {
            if (done || !isLost(asked)) return perform()
            done = true
            return lost(perform)
          })
          yield* insert(shop, 2)
          yield* checkHealed(shop, program, never, s3.copyTo(shop.lake))
          assert.isTrue(done)
        }),
      )
    }

    it.effect("when the store takes an object and does not answer for half a minute", () =>
      Effect.gen(function* () {
        const s3 = yield* memoryS3
        const shop = yield* openShop(s3.environment)
        const program = yield* following(shop)
        let hung = false
        yield* s3.suffer((asked, perform) => {
          if (hung || !isObject(asked)) return perform()
          hung = true
          perform()
          return "silence"
        })
        yield* insert(shop, 2)
        yield* checkHealed(shop, program, once, s3.copyTo(shop.lake))
      }),
    )
  },
)
