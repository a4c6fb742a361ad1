import { assert, layer as withLayer } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import type { MinioOptions } from "../../layers/s3/MinioBucket.ts"
import * as MinioObjectStore from "../../layers/s3/MinioObjectStore.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { keysOf, objectStoreContract, readAll, write } from "../contract/objectStoreContract.ts"
import { eventually } from "../support/eventually.ts"
import { nobodysPort } from "../support/network/ports.ts"
import { freshBucket, plainClient, unfinishedUploads, withBucket } from "../support/s3/s3Endpoint.ts"

const whole = freshBucket()
objectStoreContract({
  name: "MinIO",
  layer: MinioObjectStore.layer(whole).pipe(Layer.provideMerge(withBucket(whole))),
  leftovers: unfinishedUploads(whole),
})

const folder = { ...freshBucket(), prefix: "team a/lake" }
objectStoreContract({
  name: "MinIO, in a folder of the bucket",
  layer: MinioObjectStore.layer(folder).pipe(Layer.provideMerge(withBucket(folder))),
  leftovers: unfinishedUploads(folder),
})

/** The store as its settings make it, built for one use. */
const using = <A, E, R>(options: MinioOptions, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, MinioObjectStore.layer(options))

const checkWith = (options: MinioOptions) =>
  using(
    options,
    Effect.flatMap(ObjectStore, (store) => Effect.flip(store.check("inc"))),
  )

const shared = freshBucket()
withLayer(withBucket(shared), { excludeTestServices: true })("MinioObjectStore", (it) => {
  it.effect("says that a wrong secret is refused", () =>
    Effect.gen(function* () {
      const error = yield* checkWith({ ...shared, secretKey: Redacted.make("not-the-secret") })
      assert.strictEqual(error.reason, "Denied")
      assert.notInclude(error.message, "not-the-secret")
    }),
  )

  it.effect("says that an unknown access key is refused", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* checkWith({ ...shared, accessKey: "nobody" })).reason, "Denied")
    }),
  )

  it.effect("says that the bucket is missing, at the check and at every use", () =>
    Effect.gen(function* () {
      const missing = freshBucket()
      assert.strictEqual((yield* checkWith(missing)).reason, "BucketMissing")
      const uses: ReadonlyArray<Effect.Effect<unknown, StoreError, ObjectStore>> = [
        keysOf("inc/"),
        readAll("a.csv"),
        write("a.csv", Buffer.from("x")),
        write("a.csv", Buffer.alloc(9 * 1024 * 1024)),
      ]
      for (const use of uses) {
        const error = yield* Effect.flip(using(missing, use))
        assert.strictEqual(error.reason, "BucketMissing")
      }
    }),
  )

  it.effect("makes a missing bucket when it is told to, and says so", () =>
    Effect.gen(function* () {
      const missing = freshBucket()
      yield* using(
        missing,
        Effect.gen(function* () {
          const store = yield* ObjectStore
          assert.isTrue(yield* (yield* StoreAdmin).prepare)
          assert.isFalse(yield* (yield* StoreAdmin).prepare)
          yield* store.check("inc")
        }),
      )
      yield* Effect.promise(() => plainClient(missing).removeBucket(missing.bucket))
    }),
  )

  it.effect("names the lower-case bucket to use in the place of RAW", () =>
    Effect.gen(function* () {
      const error = yield* checkWith({ ...shared, bucket: "RAW" })
      assert.strictEqual(error.reason, "BucketName")
      assert.include(error.message, 'use "raw"')
    }),
  )

  it.effect("says that nobody answers at the endpoint, and does not try for ever", () =>
    Effect.gen(function* () {
      const error = yield* checkWith({ ...shared, endpoint: `http://127.0.0.1:${nobodysPort}` })
      assert.strictEqual(error.reason, "Unreachable")
    }),
  )

  it.effect("leaves out what a console made to show a folder", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => plainClient(shared).putObject(shared.bucket, "shown/", Buffer.from("")))
      yield* using(shared, write("shown/a.csv", Buffer.from("x")))
      assert.deepStrictEqual(yield* using(shared, keysOf("shown/")), ["shown/a.csv"])
    }),
  )

  it.effect("puts its objects under the prefix and nowhere else", () =>
    Effect.gen(function* () {
      const inside = { ...shared, prefix: "x/y" }
      yield* using(inside, write("a.csv", Buffer.from("x")))
      assert.deepStrictEqual(yield* using(shared, keysOf("x/")), ["x/y/a.csv"])
      assert.deepStrictEqual(yield* using(inside, keysOf("")), ["a.csv"])
    }),
  )

  it.effect("closes its connections with the layer", () =>
    Effect.gen(function* () {
      const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
      const before = sockets()
      yield* using(
        shared,
        Effect.flatMap(ObjectStore, (store) => Stream.runDrain(store.list(""))),
      )
      // Closing is told to the system at once and counted some turns later.
      yield* eventually(
        "no more connections than before",
        Effect.sync(() => sockets() <= before),
      )
    }),
  )
})
