/** How an object becomes visible in a bucket: only where none stands yet, and once, whatever answers are lost. */
import { Effect } from "effect"
import type { BucketItemStat, Client } from "minio"
import type { StoreError } from "../src/services/StoreError.ts"
import { type MinioBucket, retryQuickly, untilKnown } from "./MinioBucket.ts"
import { taken } from "./StoreKeys.ts"

/** Marks an object with the writer that made it, so that a repeated commit knows its own work. */
const writerTag = "afluente-writer"

/** As metadata of a request that makes an object. */
export const markOf = (writer: string) => ({ [`x-amz-meta-${writerTag}`]: writer })

const onlyIfNew = { "If-None-Match": "*" }

const isUnknownHeader = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "NotImplemented"

/** A server without conditional writes refuses the header; then the look beforehand must do. */
export const putNew = async (
  client: Client,
  bucket: MinioBucket,
  name: string,
  body: Buffer,
  writer: string,
) => {
  const metadata = markOf(writer)
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
export const publish = (
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
