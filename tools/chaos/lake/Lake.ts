/** The lake under test: a bucket of its own, or a folder. The program is told of it by settings alone. */
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { Client } from "minio"

export type Settings = Readonly<Record<string, string>>

export interface Lake {
  readonly told: string
  /** Where the S3 server listens; none for a folder. */
  readonly endpoint: URL | undefined
  /** For a program that reaches the store at `endpoint`. */
  readonly settings: (endpoint?: string) => Settings
  /** A folder with everything that lies in the lake. */
  readonly fetch: () => Promise<string>
  readonly remove: () => Promise<void>
}

const required = (name: string): string => {
  const value = process.env[name]
  if (value !== undefined && value !== "") return value
  throw new Error(
    `${name} is not set. Set S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY, or use --lake folder`,
  )
}

export const folderLake = (scratch: string): Lake => {
  const folder = join(scratch, "lake")
  return {
    told: "a folder",
    endpoint: undefined,
    settings: () => ({ LAKE_URL: `file:${folder}` }),
    fetch: async () => folder,
    remove: async () => {},
  }
}

export const bucketLake = (scratch: string): Lake => {
  const endpoint = new URL(required("S3_TEST_ENDPOINT"))
  const [accessKey, secretKey] = [required("S3_TEST_ACCESS_KEY"), required("S3_TEST_SECRET_KEY")]
  const bucket = `chaos-${randomUUID()}`
  // The plain client, past the code under test.
  const client = new Client({
    endPoint: endpoint.hostname,
    port: Number(endpoint.port || (endpoint.protocol === "https:" ? 443 : 80)),
    useSSL: endpoint.protocol === "https:",
    accessKey,
    secretKey,
    region: "us-east-1",
  })
  const names = async () => {
    const found: Array<string> = []
    for await (const item of client.listObjectsV2(bucket, "", true)) found.push(item.name)
    return found
  }
  return {
    told: "an S3 bucket",
    endpoint,
    settings: (reached = endpoint.origin) => ({
      LAKE_URL: `s3://${bucket}`,
      MINIO_ENDPOINT: reached,
      MINIO_ACCESS_KEY: accessKey,
      MINIO_SECRET_KEY: secretKey,
    }),
    fetch: async () => {
      const folder = join(scratch, "lake")
      for (const name of await names()) await client.fGetObject(bucket, name, join(folder, name))
      return folder
    },
    remove: async () => {
      await client.removeObjects(bucket, await names())
      await client.removeBucket(bucket)
    },
  }
}
