/**
 * An object of unknown size into S3, in bounded memory. Pieces are gathered into parts; two parts, of all objects together,
 * are under way while others are filled. An object that fits into one part is sent at commit, in one call.
 *
 * The client's own upload of streams is not used: it hangs when the source fails, goes on with foreign unfinished uploads,
 * and leaves its own behind.
 */
import { randomUUID } from "node:crypto"
import { Effect, Fiber, Scope } from "effect"
import type { BucketItemStat, Client } from "minio"
import type { ObjectWriter } from "../src/services/ObjectStore.ts"
import { StoreError } from "../src/services/StoreError.ts"
import { type MinioBucket, retryQuickly, untilKnown } from "./MinioBucket.ts"
import { withSignal } from "./MinioTransport.ts"
import { maxParts, partBytes } from "./PartBuffer.ts"
import type { PartMemory } from "./PartMemory.ts"
import { taken } from "./StoreKeys.ts"

/** An upload that cannot be aborted by then is left to the server, which discards it (MinIO: after 24 hours). */
const abortMillis = 5_000

/** Marks an object with the writer that made it, so that a repeated commit knows its own work. */
const writerTag = "afluente-writer"

interface Part {
  readonly part: number
  readonly etag: string
}

/** Begins an object. Whatever was sent is taken back when the scope closes without a commit. */
export const multipartUpload = (
  bucket: MinioBucket,
  memory: PartMemory,
  name: string,
): Effect.Effect<ObjectWriter, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const writer = randomUUID()
    const subject = bucket.subjectOf(name)
    const sent: Array<Part> = []
    const inFlight: Array<Fiber.Fiber<Part, StoreError>> = []
    let filling = memory.part(partBytes(1))
    let uploadId: string | undefined
    let failure: StoreError | undefined
    let bytes = 0

    // Added before any part is under way, and so run after they are interrupted.
    yield* Effect.addFinalizer(() => (uploadId === undefined ? Effect.void : abort(bucket, name, uploadId)))
    yield* Effect.addFinalizer(() => Effect.sync(() => filling.clear()))

    // An upload whose id is not known could not be aborted.
    const begin = bucket
      .once(name, (client) =>
        client.initiateNewMultipartUpload(bucket.name, name, { [`x-amz-meta-${writerTag}`]: writer }),
      )
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
      const body = room.load(filling)
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
          yield* Effect.scoped(
            Effect.flatMap(memory.room, (room) => {
              const body = room.load(filling)
              return publish(bucket, name, writer, (client) => putNew(client, bucket, name, body, writer))
            }),
          )
        } else {
          yield* unlessFailed(sendRest)
          yield* publish(bucket, name, writer, (client) =>
            client.completeMultipartUpload(bucket.name, name, id, sent),
          )
          uploadId = undefined
        }
        filling.clear()
        return { bytes }
      }),
    }
  })

const uploadPart = (bucket: MinioBucket, name: string, uploadID: string, number: number, body: Buffer) =>
  bucket
    .call(name, (client) =>
      client.uploadPart(
        { bucketName: bucket.name, objectName: name, uploadID, partNumber: number, headers: {} },
        body,
      ),
    )
    .pipe(Effect.map(({ etag }): Part => ({ part: number, etag })))

const onlyIfNew = { "If-None-Match": "*" }

const isUnknownHeader = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "NotImplemented"

/** A server without conditional writes refuses the header; then the look beforehand must do. */
const putNew = async (client: Client, bucket: MinioBucket, name: string, body: Buffer, writer: string) => {
  const metadata = { [`x-amz-meta-${writerTag}`]: writer }
  try {
    await client.putObject(bucket.name, name, body, body.length, { ...metadata, ...onlyIfNew })
  } catch (cause) {
    if (!isUnknownHeader(cause)) throw cause
    await client.putObject(bucket.name, name, body, body.length, metadata)
  }
}

/** Whether the server knows conditional writes; `name` must stand there. One that passes over the header empties it. */
export const refusesTaken = (bucket: MinioBucket, name: string): Effect.Effect<boolean, StoreError> =>
  bucket
    .call(name, (client) =>
      client.putObject(bucket.name, name, Buffer.alloc(0), 0, onlyIfNew).then(
        () => false,
        (cause: unknown) => {
          if (isUnknownHeader(cause)) return false
          throw cause
        },
      ),
    )
    .pipe(
      Effect.catchIf(
        (error) => error.reason === "Exists",
        () => Effect.succeed(true),
      ),
    )

/**
 * Makes the object visible unless one stands there. Where the answer to an earlier try was lost, the object found is our
 * own and the work is done. Whoever interrupts the call waits for its outcome: it may be what makes the object visible.
 */
const publish = (
  bucket: MinioBucket,
  name: string,
  writer: string,
  call: (client: Client) => Promise<unknown>,
): Effect.Effect<void, StoreError> => {
  const isPublished = Effect.gen(function* () {
    const found = yield* lookUp(bucket, name)
    if (found === undefined) return false
    const madeBy: unknown = found.metaData[writerTag]
    return madeBy === writer || (yield* taken(bucket.subjectOf(name)))
  })
  const send = untilKnown(bucket.once(name, call)).pipe(
    // `Exists`, or an upload id that is no longer known: the sign of a success whose answer was lost.
    Effect.catchIf(
      (error) => error.reason === "Exists" || error.reason === "Broken",
      (error) => Effect.flatMap(isPublished, (done) => (done ? Effect.void : Effect.fail(error))),
    ),
  )
  return retryQuickly(Effect.flatMap(isPublished, (done) => (done ? Effect.void : Effect.asVoid(send))))
}

/** What stands under a name, asked once; the client's answer, since the tag is among its metadata. */
export const lookUp = (
  bucket: MinioBucket,
  name: string,
): Effect.Effect<BucketItemStat | undefined, StoreError> =>
  bucket
    .once(name, (client) => client.statObject(bucket.name, name))
    .pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.undefined,
      ),
    )

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
  new StoreError({ reason: "Broken", subject, detail: "S3 takes no object beyond 10 000 parts (5 TiB)" })
