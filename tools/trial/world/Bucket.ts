/** The S3 lake: a server of its own where `S3_TEST_…` names one, else one in memory. */
import { Effect, type Scope } from "effect"
import type { Environment } from "../../../test/support/program/program.ts"
import { openMemoryS3 } from "../../../test/support/s3/memoryS3.ts"
import { bucketEnvironment, freshBucket, removeBucket } from "../../../test/support/s3/s3Endpoint.ts"
import { s3Error } from "../../../test/support/s3/scriptedS3.ts"

export interface Bucket {
  readonly server: string
  /** A bucket that does not exist until `init` makes it. */
  readonly name: string
  readonly environment: Environment
  /** What the server takes for wrong, made of a wrong secret. */
  readonly wrongKeys: (secret: string) => Environment
}

const real: Effect.Effect<Bucket, never, Scope.Scope> = Effect.gen(function* () {
  const options = freshBucket()
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.promise(() => removeBucket(options))))
  const answer = yield* Effect.promise(() => fetch(options.endpoint))
  return {
    server: `${answer.headers.get("server") ?? "S3"} (\`S3_TEST_ENDPOINT\`)`,
    name: options.bucket,
    environment: bucketEnvironment(options),
    wrongKeys: (secret) => ({ MINIO_SECRET_KEY: secret }),
  }
})

/** Knows no signatures, so that only a wrong access key is wrong here. */
const inMemory: Effect.Effect<Bucket, never, Scope.Scope> = Effect.gen(function* () {
  const s3 = yield* openMemoryS3()
  let exists = false
  yield* s3.suffer(({ method, url, headers }, perform) => {
    const isBucket = /^\/raw\/?(\?.*)?$/.test(url)
    if (!(headers.authorization ?? "").includes(`Credential=${s3.options.accessKey}/`))
      return method === "HEAD"
        ? { status: 403 }
        : s3Error(403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.")
    if (isBucket && method === "PUT") exists = true
    return exists && /^\/raw\b/.test(url)
      ? perform()
      : method === "HEAD"
        ? { status: 404 }
        : s3Error(404, "NoSuchBucket", "The specified bucket does not exist")
  })
  return {
    server: "the tests' S3 server in memory (MinIO where `S3_TEST_ENDPOINT` names one)",
    name: "raw",
    environment: { ...s3.environment, LAKE_URL: "s3://raw" },
    wrongKeys: (secret) => ({ MINIO_ACCESS_KEY: "someone", MINIO_SECRET_KEY: secret }),
  }
})

export const openBucket = Effect.suspend(() => (process.env["S3_TEST_ENDPOINT"] ? real : inMemory))
