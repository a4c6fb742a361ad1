/** Publishes an object in a bucket: only if none exists yet, and once, even if answers are lost. */

import { Effect } from "effect"
import type { BucketItemStat, Client } from "minio"
import type { Publish } from "../../src/services/lake/ObjectStore.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { taken } from "../store/StoreKeys.ts"
import { type MinioBucket, retryQuickly, untilKnown } from "./MinioBucket.ts"
import { fenced, type Headers, isUnknownCondition, onlyIfNew } from "./MinioRequests.ts"
import { s3Error } from "./S3Remedies.ts"

/** Marks an object with its writer, so that a repeated commit recognises its own object. */
const writerTag = "afluente-writer"

/** Returns the mark as metadata of a request that creates an object. */
export const markOf = (writer: string) => ({ [`x-amz-meta-${writerTag}`]: writer })

/** Sends a request that creates an object. Without `fenced` it drops the condition if the store does not know it. */
const withCondition = async (how: Publish, send: (condition: Headers) => Promise<unknown>) => {
  if (how === "fenced") return fenced(send(onlyIfNew))
  return send(onlyIfNew).catch((cause: unknown) => {
    if (!isUnknownCondition(cause)) throw cause
    return send({})
  })
}

/** Two requests conflicted at the store, and no object exists: the same request may succeed now. */
const conflict = (subject: string) =>
  s3Error({ reason: "Unreachable", subject, detail: "the store answered that requests conflict" })

/**
 * Publishes the object unless one exists. If the answer to an earlier attempt was lost, the existing object is our own, and
 * the call succeeds. An interruption waits for the outcome, because the call may have published the object.
 *
 * `fenced`: the store itself refuses a taken key, so that the object is looked up only after a refusal. `looked up`: it is
 * looked up first, because the store may ignore the condition.
 */
export const publish = (
  bucket: MinioBucket,
  name: string,
  writer: string,
  how: Publish,
  send: (client: Client, condition: Headers) => Promise<unknown>,
): Effect.Effect<void, StoreError> => {
  const find = Effect.gen(function* () {
    const stat = yield* lookUp(bucket, name)
    if (stat === undefined) return "missing"
    const writtenBy: unknown = stat.metaData[writerTag]
    return writtenBy === writer ? "ours" : yield* taken(bucket.subjectOf(name))
  })
  const sent = untilKnown(
    bucket.once(name, (client) => withCondition(how, (condition) => send(client, condition))),
  ).pipe(
    // A refusal, or an unknown upload id, can mean an earlier success whose answer was lost.
    Effect.catchIf(
      ({ reason }) => reason === "Exists" || reason === "NotFound" || reason === "Broken",
      (error) =>
        Effect.flatMap(find, (owner) =>
          owner === "ours"
            ? Effect.void
            : Effect.fail(error.reason === "Exists" ? conflict(bucket.subjectOf(name)) : error),
        ),
    ),
    Effect.asVoid,
  )
  return retryQuickly(
    how === "fenced" ? sent : Effect.flatMap(find, (owner) => (owner === "ours" ? Effect.void : sent)),
  )
}

/** Looks an object up, once; undefined if it does not exist. Returns the client's answer, which has the metadata. */
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
