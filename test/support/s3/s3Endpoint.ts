/** The S3 server that the suites under test/s3 and the tools run against, and buckets of their own in it. */
import { randomUUID } from "node:crypto"
import { Effect, Layer, Redacted } from "effect"
import { Client } from "minio"
import type { MinioOptions } from "../../../layers/s3/MinioBucket.ts"

const required = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === "") {
    throw new Error(
      `${name} is not set. These tests need an S3 server: set S3_TEST_ENDPOINT (http://127.0.0.1:9000), ` +
        "S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY, or use .ci/run, which starts MinIO. The kill test also takes --lake folder.",
    )
  }
  return value
}

/** Settings of a bucket that does not exist yet; `name` begins its name. */
export const freshBucket = (name = "afluente"): MinioOptions => ({
  endpoint: required("S3_TEST_ENDPOINT"),
  accessKey: required("S3_TEST_ACCESS_KEY"),
  secretKey: Redacted.make(required("S3_TEST_SECRET_KEY")),
  region: "us-east-1",
  bucket: `${name}-${randomUUID()}`,
  prefix: "",
})

/** The plain client: what a test asks the server itself, past the code under test. */
export const plainClient = (options: MinioOptions): Client => {
  const url = new URL(options.endpoint)
  return new Client({
    endPoint: url.hostname,
    port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
    useSSL: url.protocol === "https:",
    accessKey: options.accessKey,
    secretKey: Redacted.value(options.secretKey),
    region: options.region,
  })
}

/** Names of the uploads that were neither finished nor aborted. */
export const unfinishedUploads = (options: MinioOptions): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    const found = await plainClient(options).listIncompleteUploadsQuery(options.bucket, "", "", "", "")
    return found.uploads.map((upload) => upload.key)
  })

/** Settings of the program for a lake in the bucket. */
export const bucketEnvironment = (options: MinioOptions) => ({
  LAKE_URL: `s3://${options.bucket}`,
  MINIO_ENDPOINT: options.endpoint,
  MINIO_ACCESS_KEY: options.accessKey,
  MINIO_SECRET_KEY: Redacted.value(options.secretKey),
})

export const objectNames = async (options: MinioOptions): Promise<ReadonlyArray<string>> => {
  const names: Array<string> = []
  for await (const item of plainClient(options).listObjectsV2(options.bucket, "", true)) names.push(item.name)
  return names
}

/** With all that is in it. */
export const removeBucket = async (options: MinioOptions): Promise<void> => {
  const client = plainClient(options)
  await client.removeObjects(options.bucket, [...(await objectNames(options))])
  await client.removeBucket(options.bucket)
}

/** Makes the bucket, and removes it with all that is in it when the suite is over. */
export const withBucket = (options: MinioOptions): Layer.Layer<never> =>
  Layer.effectDiscard(
    Effect.acquireRelease(
      Effect.promise(() => plainClient(options).makeBucket(options.bucket)),
      () => Effect.promise(() => removeBucket(options)),
    ),
  )
