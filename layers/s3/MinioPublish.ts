/** How an object becomes visible in a bucket: only where none stands yet, and once, whatever answers are lost. */

import { Effect } from "effect"
import type { BucketItemStat, Client } from "minio"
import type { Publish } from "../../src/services/lake/ObjectStore.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { taken } from "../store/StoreKeys.ts"
import { type MinioBucket, retryQuickly, untilKnown } from "./MinioBucket.ts"
import { fenced, type Headers, isUnknownCondition, onlyIfNew } from "./MinioRequests.ts"
import { s3Error } from "./S3Remedies.ts"

/** Marks an object with the writer that made it, so that a repeated commit knows its own work. */
const writerTag = "afluente-writer"

/** As metadata of a request that makes an object. */
export const markOf = (writer: string) => ({ [`x-amz-meta-${writerTag}`]: writer })

/** Sends a request that makes an object, with the condition as `how` asks for it. */
const withCondition = async (how: Publish, send: (condition: Headers) => Promise<unknown>) => {
  if (how === "fenced") return fenced(send(onlyIfNew))
  return send(onlyIfNew).catch((cause: unknown) => {
    if (!isUnknownCondition(cause)) throw cause
    return send({})
  })
}

/** Two requests met at the store, and no object is there: the same request may succeed now. */
const conflict = (subject: string) =>
  s3Error({ reason: "Unreachable", subject, detail: "the store answered that requests conflict" })

/**
 * Makes the object visible unless one stands there. Where the answer to an earlier try was lost, the object found is our
 * own and the work is done. Whoever interrupts the call waits for its outcome: it may be what makes the object visible.
 *
 * `fenced`: the store itself refuses a taken key, so the object is looked up only where it did. `looked up`: it is looked
 * up first, since the store may ignore the condition.
 */
export const publish = (
  bucket: MinioBucket,
  name: string,
  writer: string,
  how: Publish,
  send: (client: Client, condition: Headers) => Promise<unknown>,
): Effect.Effect<void, StoreError> => {
  const find = Effect.gen(function* () {
    const found = yield* lookUp(bucket, name)
    if (found === undefined) return "missing"
    const madeBy: unknown = found.metaData[writerTag]
    return madeBy === writer ? "ours" : yield* taken(bucket.subjectOf(name))
  })
  const sent = untilKnown(
    bucket.once(name, (client) => withCondition(how, (condition) => send(client, condition))),
  ).pipe(
    // A refusal, or an upload id that is no longer known: the sign of a success whose answer was lost.
    Effect.catchIf(
      ({ reason }) => reason === "Exists" || reason === "NotFound" || reason === "Broken",
      (error) =>
        Effect.flatMap(find, (found) =>
          found === "ours"
            ? Effect.void
            : Effect.fail(error.reason === "Exists" ? conflict(bucket.subjectOf(name)) : error),
        ),
    ),
    Effect.asVoid,
  )
  return retryQuickly(
    how === "fenced" ? sent : Effect.flatMap(find, (found) => (found === "ours" ? Effect.void : sent)),
  )
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
