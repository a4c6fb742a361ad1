/**
 * Conditional writes of a bucket: whether its store honours them, and the one object that is replaced under a condition.
 * Source: AWS S3 User Guide, "Conditional requests"; 409 where two meet, 501 where a store does not know the header.
 */
import { Effect, Option } from "effect"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { taken } from "../store/StoreKeys.ts"
import type { MinioBucket } from "./MinioBucket.ts"
import {
  completeUpload,
  etagOf,
  fenced,
  type Headers,
  isUnknownCondition,
  onlyIf,
  onlyIfNew,
  putBody,
} from "./MinioRequests.ts"
import { abort } from "./multipart/MultipartUpload.ts"

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

type Answer = "refused" | "carried out" | "unknown header"

/** How the store answers a request whose condition does not hold. Other failures stay failures. */
const answerTo = async (send: () => Promise<unknown>): Promise<Answer> => {
  try {
    await send()
    return "carried out"
  } catch (cause) {
    const code = codeOf(cause)
    if (code === "PreconditionFailed" || code === "ConditionalRequestConflict") return "refused"
    if (isUnknownCondition(cause)) return "unknown header"
    throw cause
  }
}

const probeBody = Buffer.from(
  "Tells whether this store refuses a write whose condition does not hold. It may stay.\n",
)

/** The etag of no object: MD5 never prints it, and no store gives it. */
const noEtag = "00000000000000000000000000000000"

/**
 * Whether three writes to the object `name`, which it makes and leaves, are each refused: a second creation, a replacement
 * of a version that is not there, and a second creation in parts.
 */
export const honoursConditions = Effect.fnUntraced(function* (bucket: MinioBucket, name: string) {
  const put = (condition: Headers) =>
    bucket.call(name, (client) => answerTo(() => putBody(client, bucket.name, name, probeBody, condition)))
  // The very first time there is nothing yet that could be refused.
  const created = yield* put(onlyIfNew)
  const again = created === "carried out" ? yield* put(onlyIfNew) : created
  if (again !== "refused" || (yield* put(onlyIf(noEtag))) !== "refused") return false
  return (yield* completes(bucket, name)) === "refused"
})

const completes = (bucket: MinioBucket, name: string) =>
  Effect.acquireUseRelease(
    bucket.call(name, (client) => client.initiateNewMultipartUpload(bucket.name, name, {})),
    (uploadID) =>
      bucket.call(name, async (client) => {
        const of = { bucketName: bucket.name, objectName: name, uploadID, partNumber: 1, headers: {} }
        const { etag } = await client.uploadPart(of, probeBody)
        return answerTo(() =>
          completeUpload(client, bucket.name, name, uploadID, [{ part: 1, etag }], onlyIfNew),
        )
      }),
    (uploadId) => abort(bucket, name, uploadId),
  )

/** The object and the version that a later replacement names; none where there is no object. */
export const readVersion = (bucket: MinioBucket, name: string) =>
  bucket
    .call(name, async (client) => {
      const answer = await client.makeRequestAsync({
        method: "GET",
        bucketName: bucket.name,
        objectName: name,
      })
      const pieces: Array<Uint8Array> = []
      for await (const piece of answer) pieces.push(piece)
      return Option.some({ body: Buffer.concat(pieces), version: etagOf(answer) })
    })
    .pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeedNone,
      ),
    )

/** Replaces the object where it has this version; creates it where `version` is none. Returns the new version. */
export const replaceVersion = (
  bucket: MinioBucket,
  name: string,
  body: Buffer,
  version: Option.Option<string>,
): Effect.Effect<string, StoreError> => {
  const condition = Option.match(version, { onNone: () => onlyIfNew, onSome: onlyIf })
  return bucket
    .call(name, (client) => fenced(putBody(client, bucket.name, name, body, condition)))
    .pipe(
      // To a condition on an object that is gone S3 answers 404.
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => taken(bucket.subjectOf(name)),
      ),
    )
}
