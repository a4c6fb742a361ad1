/** The lake under test: a bucket of its own, or a folder. The program is told of it by settings alone. */
import { join } from "node:path"
import {
  bucketEnvironment,
  freshBucket,
  objectNames,
  plainClient,
  removeBucket,
} from "../../../test/support/s3/s3Endpoint.ts"

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

const folderLake = (scratch: string): Lake => {
  const folder = join(scratch, "lake")
  return {
    told: "a folder",
    endpoint: undefined,
    settings: () => ({ LAKE_URL: `file:${folder}` }),
    fetch: async () => folder,
    remove: async () => {},
  }
}

const bucketLake = (scratch: string): Lake => {
  const options = freshBucket("chaos")
  return {
    told: "an S3 bucket",
    endpoint: new URL(options.endpoint),
    settings: (reached = new URL(options.endpoint).origin) => ({
      ...bucketEnvironment(options),
      MINIO_ENDPOINT: reached,
    }),
    fetch: async () => {
      const folder = join(scratch, "lake")
      const client = plainClient(options)
      for (const name of await objectNames(options))
        await client.fGetObject(options.bucket, name, join(folder, name))
      return folder
    },
    remove: () => removeBucket(options),
  }
}

/** A lake below `scratch`, or a bucket of the server that `S3_TEST_ENDPOINT` names. */
export const openLake = (kind: "folder" | "s3", scratch: string): Lake =>
  kind === "folder" ? folderLake(scratch) : bucketLake(scratch)
