/** The lake in a bucket of MinIO, or of any other S3, through the `minio` client. */

import * as NodeStream from "@effect/platform-node/NodeStream"
import { Context, Effect, Layer, Option, Stream } from "effect"
import type { BucketItem } from "minio"
import { ObjectStore, type StoredObject } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { Spool } from "../../src/services/Spool.ts"
import * as TempFileSpool from "../node/TempFileSpool.ts"
import { isKey, isPrefix, keyRefused, notFound } from "../store/StoreKeys.ts"
import { type MinioBucket, type MinioOptions, openBucket, retryQuickly, untilKnown } from "./MinioBucket.ts"
import { honoursConditions, readVersion, replaceVersion } from "./MinioConditions.ts"
import { minioError } from "./MinioErrors.ts"
import { lookUp } from "./MinioPublish.ts"
import { putBody } from "./MinioRequests.ts"
import { abort, multipartUpload } from "./multipart/MultipartUpload.ts"
import { makePartMemory, type PartMemory } from "./multipart/PartMemory.ts"
import { s3Error } from "./S3Remedies.ts"

export type { MinioOptions } from "./MinioBucket.ts"

/** S3's limit for one page. */
const pageSize = 1000

const make = (bucket: MinioBucket, memory: PartMemory, folder: string) => {
  const nameOf = (key: string) => folder + key

  const listPage = (prefix: string, token: string, after: string, size: number) =>
    bucket.call("", (client) => client.listObjectsV2Query(bucket.name, prefix, token, "", size, after))

  const get = (key: string, offset: number, length: number) =>
    bucket.call(nameOf(key), (client) => client.getPartialObject(bucket.name, nameOf(key), offset, length))

  const store = ObjectStore.of({
    location: bucket.location,
    check: Effect.fn("MinioObjectStore.check")(function* (area) {
      // A list, not HEAD: only an answer with a body distinguishes a wrong key, a wrong clock and a missing bucket.
      yield* listPage(nameOf(`${area}/`), "", "", 1)
      // Tests the permission to write, and publishes nothing.
      const probe = nameOf(`${area}/check`)
      yield* untilKnown(
        Effect.flatMap(
          bucket.call(probe, (client) => client.initiateNewMultipartUpload(bucket.name, probe, {})),
          (uploadId) => abort(bucket, probe, uploadId),
        ),
      )
    }),
    create: Effect.fn("MinioObjectStore.create")(function* (key, how = "looked up") {
      return isKey(key) ? yield* multipartUpload(bucket, memory, nameOf(key), how) : yield* keyRefused(key)
    }),
    put: Effect.fn("MinioObjectStore.put")(function* (key, body) {
      if (!isKey(key)) return yield* keyRefused(key)
      yield* bucket.call(nameOf(key), (client) =>
        putBody(client, bucket.name, nameOf(key), bufferOf(body), {}),
      )
    }),
    read: (key) => {
      if (!isKey(key)) return Stream.fail(notFound(key))
      const onError = (cause: unknown) => minioError(cause, bucket.subjectOf(nameOf(key)), bucket.name)
      const opened = Effect.acquireRelease(get(key, 0, 0), (body) => Effect.sync(() => body.destroy()), {
        interruptible: true,
      })
      return Stream.unwrap(
        Effect.map(opened, (body) =>
          NodeStream.fromReadable({ evaluate: () => body, onError, chunkSize: 1 }),
        ),
      )
    },
    readRange: Effect.fn("MinioObjectStore.readRange")(function* (key, offset, length) {
      if (!isKey(key)) return yield* notFound(key)
      // S3 reads everything if the length is 0.
      if (length === 0) return new Uint8Array(0)
      return yield* bucket.call(nameOf(key), async (client) => {
        const chunks: Array<Uint8Array> = []
        const body = await client.getPartialObject(bucket.name, nameOf(key), offset, length)
        for await (const chunk of body) chunks.push(chunk)
        return Buffer.concat(chunks)
      })
    }),
    list: (prefix, after) => {
      if (!isPrefix(prefix)) return Stream.empty
      const start = after === undefined ? "" : nameOf(after)
      return Stream.paginate("", (token) =>
        Effect.flatMap(listPage(nameOf(prefix), token, start, pageSize), (page) => {
          const next = page.isTruncated ? Option.some(page.nextContinuationToken) : Option.none<string>()
          const objects = page.objects.flatMap((item) => storedObject(item, folder))
          return Option.contains(next, "")
            ? Effect.fail(endlessList(bucket.location))
            : Effect.succeed([objects, next] as const)
        }),
      )
    },
    honoursConditions: Effect.fn("MinioObjectStore.honoursConditions")(function* (probe) {
      return isKey(probe) ? yield* honoursConditions(bucket, nameOf(probe)) : yield* keyRefused(probe)
    }),
    readVersion: Effect.fn("MinioObjectStore.readVersion")(function* (key) {
      return isKey(key) ? yield* readVersion(bucket, nameOf(key)) : Option.none()
    }),
    replace: Effect.fn("MinioObjectStore.replace")(function* (key, body, version) {
      if (!isKey(key)) return yield* keyRefused(key)
      return yield* replaceVersion(bucket, nameOf(key), bufferOf(body), version)
    }),
  })
  const admin = StoreAdmin.of({
    prepare: Effect.gen(function* () {
      const missing = yield* Effect.as(listPage(folder, "", "", 1), false).pipe(
        Effect.catchIf(
          (error) => error.reason === "BucketMissing",
          () => Effect.succeed(true),
        ),
      )
      return missing && (yield* createBucket(bucket))
    }),
    stat: Effect.fn("MinioObjectStore.stat")(function* (key) {
      const found = isKey(key) ? yield* retryQuickly(lookUp(bucket, nameOf(key))) : undefined
      return Option.map(Option.fromUndefinedOr(found), ({ size, lastModified }) => ({
        key,
        bytes: size,
        writtenAt: lastModified.getTime(),
      }))
    }),
    remove: Effect.fn("MinioObjectStore.remove")(function* (key) {
      if (!isKey(key)) return
      yield* bucket
        .call(nameOf(key), (client) => client.removeObject(bucket.name, nameOf(key)))
        .pipe(
          Effect.catchIf(
            (error) => error.reason === "NotFound",
            () => Effect.void,
          ),
        )
    }),
  })
  return Context.make(ObjectStore, store).pipe(Context.add(StoreAdmin, admin))
}

const bufferOf = (body: Uint8Array): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength)

/** Leaves out names of other programs that are no keys, such as a console's empty `folder/`. */
const storedObject = (item: BucketItem, folder: string): ReadonlyArray<StoredObject> => {
  if (item.name === undefined) return []
  const key = item.name.slice(folder.length)
  return isKey(key) ? [{ key, bytes: item.size, writtenAt: item.lastModified.getTime() }] : []
}

/** Creates the bucket. Returns false if another process was faster. */
const createBucket = (bucket: MinioBucket): Effect.Effect<boolean, StoreError> =>
  bucket.call("", (client) =>
    client.makeBucket(bucket.name).then(
      () => true,
      (cause: unknown) => {
        const code = cause instanceof Error && "code" in cause ? cause.code : undefined
        if (code === "BucketAlreadyOwnedByYou") return false
        throw cause
      },
    ),
  )

const endlessList = (subject: string) =>
  s3Error({
    reason: "Broken",
    subject,
    detail: "the list of objects is cut short without a continuation token",
  })

/** An object store in a bucket. Building it does not connect; a wrong endpoint fails at its first use. */
export const layer = (options: MinioOptions): Layer.Layer<ObjectStore | StoreAdmin, StoreError> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const bucket = yield* openBucket(options)
      const memory = yield* makePartMemory(yield* Spool)
      return make(bucket, memory, options.prefix === "" ? "" : `${options.prefix.replace(/^\/+|\/+$/g, "")}/`)
    }),
  ).pipe(Layer.provide(TempFileSpool.layer))
