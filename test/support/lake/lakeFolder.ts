/** A lake in a temporary folder, and what lies in it. */
import { createHash } from "node:crypto"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative, sep } from "node:path"
import { Effect, Result, type Scope } from "effect"
import * as Manifest from "../../../src/core/lake/Manifest.ts"
import { asRecords, readCsv } from "./duckdb.ts"

/** Removed with the scope. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "lake-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
)

/** Every file below the folder, hidden ones included, in order of their names. */
export const filesBelow = (folder: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort()
  })

export const openLakeFolder = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const read = (key: string) => Effect.promise(() => readFile(join(folder, key)))
  const keys = filesBelow(folder)
  /** Objects of `full` or `inc`, the oldest first. */
  const objects = (prefix: string) =>
    Effect.map(keys, (all) => all.filter((key) => key.startsWith(prefix) && key.endsWith(".csv")))
  const records = (key: string) => Effect.map(readCsv(join(folder, key)), asRecords)
  return {
    folder,
    url: `file:${folder}`,
    keys,
    objects,
    read,
    text: (key: string) => Effect.map(read(key), (bytes) => bytes.toString("utf8")),
    /** One object through DuckDB. */
    table: (key: string) => readCsv(join(folder, key)),
    records,
    /** The rows of all objects below a prefix, one object after the other. */
    allRecords: (prefix: string) =>
      Effect.flatMap(objects(prefix), (found) =>
        Effect.map(Effect.forEach(found, records), (tables) => tables.flat()),
      ),
    manifests: (prefix = "full/") =>
      Effect.flatMap(keys, (all) =>
        Effect.forEach(
          all.filter((key) => key.startsWith(prefix) && key.endsWith(".json")),
          (key) =>
            Effect.map(read(key), (bytes) => Result.getOrThrow(Manifest.parse(bytes.toString("utf8")))),
        ),
      ),
    md5: (key: string) => Effect.map(read(key), (bytes) => createHash("md5").update(bytes).digest("hex")),
  }
})

export type LakeFolder = Effect.Success<typeof openLakeFolder>
