/**
 * A store that ignores the conditions of writes. No condition refuses there what a dead writer has sent, so its successor waits
 * a minute, in real time, unless the watermark says that nothing can be under way.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { insert, openShop, type Shop } from "../../support/program/following.ts"
import { main, type RunningProgram, startProgram } from "../../support/program/program.ts"
import { type Conditions, type MemoryS3, memoryS3 } from "../../support/s3/memoryS3.ts"
import type { Asked } from "../../support/s3/scriptedS3.ts"

/** Of the successor's batch: the minute, and what the machine takes beside it. */
const deadline = "90 seconds"

const waiting = "cdc: waiting 1m before the first write"

/** What makes an object visible: its PUT, or the completion of its parts. */
const publishes = ({ method, url }: Asked) =>
  decodeURIComponent(url).includes("/inc/date=") &&
  (method === "PUT" ? !url.includes("partNumber") : method === "POST" && url.includes("uploadId"))

const idsInLake = ({ lake }: Shop, s3: MemoryS3) =>
  Effect.andThen(
    s3.copyTo(lake),
    Effect.map(lake.allRecords("inc/"), (rows) => rows.map((row) => row["id"])),
  )

const start = ({ environment }: Shop) => startProgram(["cdc"], environment, undefined, main, deadline)

/** A writer on such a store which has written row 1. */
const opened = Effect.fnUntraced(function* (conditions: Conditions) {
  const s3 = yield* memoryS3
  yield* s3.honour(conditions)
  const shop = yield* openShop(s3.environment)
  const writer = yield* start(shop)
  yield* insert(shop, 1)
  yield* writer.says("cdc: batch written")
  return { s3, shop, writer }
})

/** Row 2 has been sent by the writer, which is dead, and reaches the store when `arrives` is run. */
const diedWhileSending = Effect.fnUntraced(function* (conditions: Conditions, sql: string) {
  const { s3, shop, writer } = yield* opened(conditions)
  const released = yield* Deferred.make<void>()
  const carriedOut = yield* Deferred.make<void>()
  let isSent = false
  yield* s3.suffer(async (asked, perform) => {
    if (!publishes(asked)) return perform()
    isSent = true
    await Effect.runPromise(Deferred.await(released))
    const answer = perform()
    Effect.runSync(Deferred.succeed(carriedOut, undefined))
    return answer
  })
  yield* shop.sql(sql)
  yield* writer.brings(
    "the request for the object",
    Effect.sync(() => isSent),
  )
  yield* writer.signal("SIGKILL")
  yield* s3.heal
  const arrives = Effect.andThen(Deferred.succeed(released, undefined), Deferred.await(carriedOut))
  return { s3, shop, arrives }
})

/** What the successor has said once its batch with row 3 is written. */
const toldBy = Effect.fnUntraced(function* (shop: Shop, successor: RunningProgram) {
  yield* insert(shop, 3)
  yield* successor.says("cdc: batch written")
  return (yield* successor.told).stderr
})

const troubles = [
  ["no condition, and the PUT is late", "of none", "INSERT INTO public.t VALUES (2, 'x')"],
  [
    "none but that of PutObject, and the completion of an object in parts is late",
    "of PutObject",
    "INSERT INTO public.t VALUES (2, repeat('x', 6000000))",
  ],
] satisfies ReadonlyArray<readonly [string, Conditions, string]>

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })(
  "on a store that ignores conditions a successor",
  (it) => {
    for (const [what, conditions, sql] of troubles) {
      it.effect(`writes each row once after a minute where its predecessor was killed: ${what}`, () =>
        Effect.gen(function* () {
          const { s3, shop, arrives } = yield* diedWhileSending(conditions, sql)
          const successor = yield* start(shop)
          yield* successor.says(waiting)
          assert.deepStrictEqual(yield* idsInLake(shop, s3), ["1"])
          yield* Effect.sleep("20 seconds")
          yield* arrives
          yield* toldBy(shop, successor)
          assert.deepStrictEqual(yield* idsInLake(shop, s3), ["1", "2", "3"])
        }),
      )
    }

    it.effect("does not wait where its predecessor has ended in order", () =>
      Effect.gen(function* () {
        const { s3, shop, writer } = yield* opened("of none")
        yield* writer.signal("SIGTERM")
        assert.strictEqual((yield* writer.outcome).code, 0)
        assert.notInclude(yield* toldBy(shop, yield* start(shop)), waiting)
        assert.deepStrictEqual(yield* idsInLake(shop, s3), ["1", "3"])
      }),
    )

    it.effect("does not wait where its predecessor was killed with nothing under way", () =>
      Effect.gen(function* () {
        const { s3, shop, writer } = yield* opened("of none")
        yield* writer.signal("SIGKILL")
        assert.notInclude(yield* toldBy(shop, yield* start(shop)), waiting)
        assert.deepStrictEqual(yield* idsInLake(shop, s3), ["1", "3"])
      }),
    )
  },
)
