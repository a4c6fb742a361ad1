/** The store goes away and comes back, or does what it is told and does not say so. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { tcpProxy } from "../../support/network/tcpProxy.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import {
  checkHealed,
  following,
  insert,
  never,
  once,
  openShop,
  through,
} from "../../support/program/following.ts"
import { type MemoryS3, memoryS3 } from "../../support/s3/memoryS3.ts"
import { type Answer, type Asked, s3Error } from "../../support/s3/scriptedS3.ts"

const isObject = ({ method, url }: Asked) =>
  method === "PUT" && decodeURIComponent(url).includes("/inc/date=")
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

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc goes on by itself", (it) => {
  it.effect("and leaves the batch to its standby when its connection breaks while it writes", () =>
    Effect.gen(function* () {
      const s3 = yield* memoryS3
      const shop = yield* openShop(s3.environment)
      const network = yield* tcpProxy((yield* TestPostgres).server.port)
      const writer = yield* following(shop, through(shop, network))
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
      yield* shop.sql("INSERT INTO public.t SELECT n, repeat('x', 1000000) FROM generate_series(2, 21) AS n")
      yield* writer.brings(
        "it has sent all but the end",
        Effect.sync(() => held && s3.asked.some((asked) => asked.url.includes("partNumber=2"))),
      )
      yield* network.cut
      yield* network.freeze
      yield* standby.says("cdc: batch written")
      release()
      yield* network.thaw
      yield* writer.says("cdc: standby")
      yield* writer.signal("SIGTERM")
      yield* checkHealed(shop, standby, never, s3.copyTo(shop.lake))
      assert.deepStrictEqual(yield* s3.unfinished, [])
    }),
  )

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
})
