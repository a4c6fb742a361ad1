/** The lake fails while the slot is being read, which ends the session too: the lake is what is reported. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openShop } from "../../support/program/following.ts"
import { memoryS3 } from "../../support/s3/memoryS3.ts"
import { s3Error } from "../../support/s3/scriptedS3.ts"

/** Twenty parts of an object in one transaction, and a lake that refuses the third. */
const refusedInTheMiddle = Effect.fn("refusedInTheMiddle")(function* (status: number, code: string) {
  const s3 = yield* memoryS3
  const shop = yield* openShop(s3.environment)
  yield* shop.sql("INSERT INTO public.t SELECT n, repeat('x', 1000000) FROM generate_series(1, 100) AS n")
  yield* s3.suffer(({ method, url }, perform) =>
    method === "PUT" && url.includes("partNumber=3") ? s3Error(status, code) : perform(),
  )
  return { shop, s3, writer: yield* shop.start("cdc") }
})

layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("cdc", (it) => {
  it.effect("ends with 2 and the lake's words when a right is taken away in the middle of a batch", () =>
    Effect.gen(function* () {
      const { writer } = yield* refusedInTheMiddle(403, "AccessDenied")
      const { code, stderr } = yield* writer.outcome
      assert.strictEqual(code, 2, stderr)
      assert.match(stderr, /level=ERROR .*message="Lake, s3:.*AccessDenied/, stderr)
      assert.notInclude(stderr, "Source,")
    }),
  )

  it.effect("waits for a lake that is full in the middle of a batch, and says that it is the lake", () =>
    Effect.gen(function* () {
      const { shop, s3, writer } = yield* refusedInTheMiddle(507, "XMinioStorageFull")
      yield* writer.says("level=WARN")
      const { stderr } = yield* writer.told
      assert.match(stderr, /level=WARN .*message="Lake, s3:.*No space is left.*tryingAgainFor=ever/)
      assert.notInclude(stderr, "Source,")
      yield* s3.heal
      yield* writer.says("cdc: batch written")
      yield* s3.copyTo(shop.lake)
      assert.strictEqual((yield* shop.lake.allRecords("inc/")).length, 100)
    }),
  )
})
