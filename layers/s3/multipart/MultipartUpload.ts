/**
 * Writes an object of unknown size to S3, in bounded memory. Chunks are collected into parts; at most two parts of all objects
 * together are in flight while others are filled. An object that fits into one part is sent at commit, in one call; one of a
 * slab or less does not wait for others.
 *
 * The client's own upload of streams is not used: it hangs when the source fails, continues foreign unfinished uploads, and
 * leaves its own behind.
 */

import { randomUUID } from "node:crypto"
import { Effect, Fiber, Scope } from "effect"
import type { ObjectWriter, Publish } from "../../../src/services/lake/ObjectStore.ts"
import type { StoreError } from "../../../src/services/lake/StoreError.ts"
import type { SpoolFile } from "../../../src/services/Spool.ts"
import { type MinioBucket, retryQuickly, untilKnown } from "../MinioBucket.ts"
import { markOf, publish } from "../MinioPublish.ts"
import { asksForMd5, completeUpload, md5Of, putBody, type UploadedPart } from "../MinioRequests.ts"
import { withSignal } from "../MinioTransport.ts"
import { s3Error } from "../S3Remedies.ts"
import type { PartMemory } from "./PartMemory.ts"
import { maxParts, partBytes } from "./PartSizes.ts"

/** Timeout of an abort. After it the upload is left to the server, which discards it (MinIO: after 24 hours). */
const abortMillis = 5_000

/** Begins an object. Aborts the upload if the scope closes without a commit. */
export const multipartUpload = (
  bucket: MinioBucket,
  memory: PartMemory,
  name: string,
  how: Publish,
): Effect.Effect<ObjectWriter, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const writer = randomUUID()
    const subject = bucket.subjectOf(name)
    const sent: Array<UploadedPart> = []
    const inFlight: Array<Fiber.Fiber<UploadedPart, StoreError>> = []
    let filling = memory.part(partBytes(1))
    let spillFile: SpoolFile | undefined
    let uploadId: string | undefined
    let failure: StoreError | undefined
    let bytes = 0

    // Added before any part is in flight, so that they run after the parts were interrupted.
    yield* Effect.addFinalizer(() => (uploadId === undefined ? Effect.void : abort(bucket, name, uploadId)))
    yield* Effect.addFinalizer(() => Effect.sync(() => filling.clear()))

    // `untilKnown`: an upload with an unknown id could not be aborted.
    const begin = bucket
      .once(name, (client) => client.initiateNewMultipartUpload(bucket.name, name, markOf(writer)))
      .pipe(
        Effect.tap((id) => Effect.sync(() => (uploadId = id))),
        untilKnown,
        retryQuickly,
      )

    const awaitOldest = Effect.gen(function* () {
      const oldest = inFlight[0]
      if (oldest === undefined) return
      sent.push(yield* Fiber.join(oldest))
      inFlight.shift()
    })

    const sendPart = Effect.gen(function* () {
      const id = uploadId ?? (yield* begin)
      while (inFlight[0]?.pollUnsafe() !== undefined) yield* awaitOldest
      const number = sent.length + inFlight.length + 1
      if (number > maxParts) return yield* tooLarge(subject)
      // Forked from the object's scope, so that the send buffer is released even if the upload fails.
      const sending = yield* Scope.fork(scope)
      const sendBuffer = yield* Scope.provide(memory.sendBuffer, sending)
      const body = yield* sendBuffer.load(filling, spillFile)
      if (filling.spilledBytes > 0) yield* spillFile?.clear ?? Effect.void
      filling.clear()
      filling = memory.part(partBytes(number + 1))
      const upload = uploadPart(bucket, name, id, number, body).pipe(
        Effect.onExit((exit) => Scope.close(sending, exit)),
      )
      inFlight.push(yield* Effect.forkIn(upload, scope))
    })

    // A lost part is a gap: the object must not be published after it.
    const unlessFailed = <A>(effect: Effect.Effect<A, StoreError>) =>
      Effect.suspend(() => (failure === undefined ? effect : Effect.fail(failure))).pipe(
        Effect.tapError((error) => Effect.sync(() => (failure = error))),
      )

    const write = Effect.fnUntraced(function* (chunk: Uint8Array) {
      let done = filling.fill(chunk)
      while (done < chunk.length) {
        yield* sendPart
        done += filling.fill(chunk.subarray(done))
      }
      bytes += chunk.length
      if (!filling.isOver) return
      spillFile ??= yield* Scope.provide(memory.spillFile, scope)
      yield* filling.spill(spillFile)
    })

    const sendRest = Effect.gen(function* () {
      if (filling.length > 0) yield* sendPart
      while (inFlight.length > 0) yield* awaitOldest
    })

    return {
      write: (chunk) => unlessFailed(write(chunk)),
      commit: Effect.gen(function* () {
        yield* unlessFailed(Effect.void)
        const id = uploadId
        if (id === undefined) {
          const send = (body: Buffer) =>
            publish(bucket, name, writer, how, (client, condition) =>
              putBody(client, bucket.name, name, body, { ...markOf(writer), ...condition }),
            )
          const { contiguous } = filling
          yield* contiguous === undefined
            ? Effect.scoped(
                Effect.flatMap(memory.sendBuffer, (sendBuffer) =>
                  Effect.flatMap(sendBuffer.load(filling, spillFile), send),
                ),
              )
            : send(contiguous)
        } else {
          yield* unlessFailed(sendRest)
          yield* publish(bucket, name, writer, how, (client, condition) =>
            completeUpload(client, bucket.name, name, id, sent, condition),
          )
          uploadId = undefined
        }
        filling.clear()
        return { bytes }
      }),
    }
  })

/** Uploads one part. The checksum costs time, so that it is sent only after the store has required it. */
const uploadPart = (bucket: MinioBucket, name: string, uploadID: string, number: number, body: Buffer) =>
  bucket.call(name, async (client): Promise<UploadedPart> => {
    const send = async () => {
      const headers = bucket.demands.md5 ? md5Of(body) : {}
      const of = { bucketName: bucket.name, objectName: name, uploadID, partNumber: number, headers }
      const { etag } = await client.uploadPart({ ...of, headers: { ...headers } }, body)
      return { part: number, etag }
    }
    try {
      return await send()
    } catch (cause) {
      if (bucket.demands.md5 || !asksForMd5(cause)) throw cause
      bucket.demands.md5 = true
      return send()
    }
  })

/** Aborts an unfinished upload. Has a timeout, because it runs uninterruptibly. */
export const abort = (bucket: MinioBucket, name: string, uploadId: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const deadline = AbortSignal.timeout(abortMillis)
    return bucket.call(name, (client) =>
      withSignal(deadline, () => client.abortMultipartUpload(bucket.name, name, uploadId)),
    )
  }).pipe(
    // After a commit whose answer was lost the upload no longer exists, which is fine.
    Effect.catch((error) => Effect.logDebug("an unfinished upload was left to the server", error.message)),
  )

const tooLarge = (subject: string) =>
  s3Error({ reason: "Broken", subject, detail: "S3 accepts no object beyond 10 000 parts (5 TiB)" })
