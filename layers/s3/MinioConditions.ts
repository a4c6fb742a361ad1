/**
 * Conditional writes of a bucket: tests whether its store honours them, and replaces an object under a condition.
 * Source: AWS S3 User Guide, "Conditional requests". 409: two requests conflict. 501: the store does not know the header.
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

/** Returns the answer to a request whose condition does not hold. Throws other failures. */
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

/** An etag that no object has. */
const noEtag = "00000000000000000000000000000000"

/**
 * Returns true if the store refuses three writes to the object `name`: a second creation, a replacement of a version that does
 * not exist, and a second creation by multipart upload. Creates the object and leaves it there.
 */
export const honoursConditions = Effect.fnUntraced(function* (bucket: MinioBucket, name: string) {
  const put = (condition: Headers) =>
    bucket.call(name, (client) => answerTo(() => putBody(client, bucket.name, name, probeBody, condition)))
  // The first time the object does not exist, and its creation is not refused.
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

/** Reads the object and its version for a later replacement; none if there is no object. */
export const readVersion = (bucket: MinioBucket, name: string) =>
  bucket
    .call(name, async (client) => {
      const answer = await client.makeRequestAsync({
        method: "GET",
        bucketName: bucket.name,
        objectName: name,
      })
      const chunks: Array<Uint8Array> = []
      for await (const chunk of answer) chunks.push(chunk)
      return Option.some({ body: Buffer.concat(chunks), version: etagOf(answer) })
    })
    .pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeedNone,
      ),
    )

/** Replaces the object if it has this version; creates it if `version` is none. Returns the new version. */
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
      // S3 answers 404 to a condition on an object that does not exist.
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => taken(bucket.subjectOf(name)),
      ),
    )
}
