/**
 * An object of unknown size into S3, in bounded memory. Pieces are gathered into parts; two parts, of all objects together,
 * are under way while others are filled. An object that fits into one part is sent at commit, in one call; small ones of a
 * slab or less wait for no other.
 *
 * The client's own upload of streams is not used: it hangs when the source fails, goes on with foreign unfinished uploads,
 * and leaves its own behind.
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

/** An upload that cannot be aborted by then is left to the server, which discards it (MinIO: after 24 hours). */
const abortMillis = 5_000

/** Begins an object. Whatever was sent is taken back when the scope closes without a commit. */
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

    // Added before any part is under way, and so run after they are interrupted.
    yield* Effect.addFinalizer(() => (uploadId === undefined ? Effect.void : abort(bucket, name, uploadId)))
    yield* Effect.addFinalizer(() => Effect.sync(() => filling.clear()))

    // An upload whose id is not known could not be aborted.
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
      // Inside the object's scope: whatever becomes of the upload, its room is free in the end.
      const sending = yield* Scope.fork(scope)
      const room = yield* Scope.provide(memory.room, sending)
      const body = yield* room.load(filling, spillFile)
      if (filling.spilledBytes > 0) yield* spillFile?.clear ?? Effect.void
      filling.clear()
      filling = memory.part(partBytes(number + 1))
      const upload = uploadPart(bucket, name, id, number, body).pipe(
        Effect.onExit((exit) => Scope.close(sending, exit)),
      )
      inFlight.push(yield* Effect.forkIn(upload, scope))
    })

    // A part that is lost is a hole: nothing after it may make the object visible.
    const unlessFailed = <A>(effect: Effect.Effect<A, StoreError>) =>
      Effect.suspend(() => (failure === undefined ? effect : Effect.fail(failure))).pipe(
        Effect.tapError((error) => Effect.sync(() => (failure = error))),
      )

    const write = Effect.fnUntraced(function* (piece: Uint8Array) {
      let done = filling.fill(piece)
      while (done < piece.length) {
        yield* sendPart
        done += filling.fill(piece.subarray(done))
      }
      bytes += piece.length
      if (!filling.isOver) return
      spillFile ??= yield* Scope.provide(memory.spillFile, scope)
      yield* filling.spill(spillFile)
    })

    const sendRest = Effect.gen(function* () {
      if (filling.length > 0) yield* sendPart
      while (inFlight.length > 0) yield* awaitOldest
    })

    return {
      write: (piece) => unlessFailed(write(piece)),
      commit: Effect.gen(function* () {
        yield* unlessFailed(Effect.void)
        const id = uploadId
        if (id === undefined) {
          const send = (body: Buffer) =>
            publish(bucket, name, writer, how, (client, condition) =>
              putBody(client, bucket.name, name, body, { ...markOf(writer), ...condition }),
            )
          const { piece } = filling
          yield* piece === undefined
            ? Effect.scoped(
                Effect.flatMap(memory.room, (room) => Effect.flatMap(room.load(filling, spillFile), send)),
              )
            : send(piece)
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

/** The checksum costs time, so it is sent where the store has asked for it: from then on with every part. */
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

/** Takes an unfinished upload back. Bounded, because it runs where nothing can interrupt it. */
export const abort = (bucket: MinioBucket, name: string, uploadId: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const deadline = AbortSignal.timeout(abortMillis)
    return bucket.call(name, (client) =>
      withSignal(deadline, () => client.abortMultipartUpload(bucket.name, name, uploadId)),
    )
  }).pipe(
    // After a commit whose answer was lost, the upload is not there any more: that is as good.
    Effect.catch((error) => Effect.logDebug("an unfinished upload was left to the server", error.message)),
  )

const tooLarge = (subject: string) =>
  s3Error({ reason: "Broken", subject, detail: "S3 takes no object beyond 10 000 parts (5 TiB)" })
