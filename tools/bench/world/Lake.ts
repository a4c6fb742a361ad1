/** Where a run writes: a lake of its own each time, empty, and gone with the scope. */
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Layer, type Scope } from "effect"
import type { Environment } from "../../../test/support/program/program.ts"
import { bucketEnvironment, freshBucket, withBucket } from "../../../test/support/s3/s3Endpoint.ts"
import type { LakeName } from "../Options.ts"
import { discardingS3 } from "./DiscardingS3.ts"

/** Objects of `inc` that are visible in a folder, with their paths. */
export const incObjects = async (folder: string): Promise<ReadonlyArray<string>> => {
  const found = await readdir(join(folder, "inc"), { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((entry) => entry.isFile() && /^cdc_.*\.csv$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

export interface Lake {
  readonly told: string
  readonly fresh: Effect.Effect<Environment, never, Scope.Scope>
}

/** A temporary folder below `place`, removed with the scope. */
export const scratchFolder = (place: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(place, "afluente-bench-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
  )

const folderLake = (place: string): Lake => ({
  told: "folder",
  fresh: Effect.map(scratchFolder(place), (folder) => ({ LAKE_URL: `file:${folder}` })),
})

const serverLake: Lake = {
  told: "S3 server",
  fresh: Effect.gen(function* () {
    const options = freshBucket()
    yield* Layer.build(withBucket(options))
    return bucketEnvironment(options)
  }),
}

const discardingLake: Lake = { told: "S3 that discards", fresh: discardingS3 }

export const lakeOf = (name: LakeName, place: string): Lake => {
  if (name === "folder") return folderLake(place)
  return process.env["S3_TEST_ENDPOINT"] === undefined ? discardingLake : serverLake
}
