/**
 * Walks a folder in the order in which S3 lists keys: by the bytes of the whole key. A folder therefore sorts as its
 * name and a `/`: `a.csv` comes before `a/1.csv`, and `a0.csv` after it.
 */
import type { Dirent } from "node:fs"
import { lstat, readdir } from "node:fs/promises"
import { join } from "node:path"
import type { StoredObject } from "../../src/services/lake/ObjectStore.ts"
import { errno } from "../node/FileFailures.ts"
import { compareKeys, isPrefix } from "../store/StoreKeys.ts"

/** Number of `lstat` calls at once: more than Node has threads, few enough for memory. */
const batchSize = 256

/**
 * Returns objects under `root` in key order, in batches. Reads only folders that can hold a key of the prefix, each with
 * `readEntries`.
 */
export const walk = (
  root: string,
  prefix: string,
  after = "",
  readEntries = entriesOf,
): AsyncIterable<ReadonlyArray<StoredObject>> => {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1)
  return isPrefix(prefix) ? walkFolder(root, folder, prefix, after, readEntries) : empty()
}

async function* empty() {}

async function* walkFolder(
  root: string,
  folder: string,
  prefix: string,
  after: string,
  readEntries: typeof entriesOf,
): AsyncGenerator<ReadonlyArray<StoredObject>> {
  const names = (await readEntries(join(root, folder))).flatMap((entry) => {
    if (entry.name.startsWith(".")) return []
    if (entry.isFile()) return [folder + entry.name]
    return entry.isDirectory() ? [`${folder}${entry.name}/`] : []
  })
  let files: Array<string> = []
  for (const name of names.filter((name) => isWanted(name, prefix, after)).sort(compareKeys)) {
    const isFolder = name.endsWith("/")
    if (!isFolder) files.push(name)
    if (files.length === batchSize || (isFolder && files.length > 0)) {
      yield await statAll(root, files)
      files = []
    }
    if (isFolder) yield* walkFolder(root, name, prefix, after, readEntries)
  }
  if (files.length > 0) yield await statAll(root, files)
}

const isWanted = (name: string, prefix: string, after: string): boolean =>
  name.endsWith("/")
    ? (name.startsWith(prefix) || prefix.startsWith(name)) &&
      (after.startsWith(name) || compareKeys(name, after) > 0)
    : name.startsWith(prefix) && compareKeys(name, after) > 0

/** Returns the entries of a folder; none if it does not exist. */
export const entriesOf = async (path: string): Promise<ReadonlyArray<Dirent>> => {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (cause) {
    if (errno(cause) === "ENOENT" || errno(cause) === "ENOTDIR") return []
    throw cause
  }
}

const statAll = async (root: string, keys: ReadonlyArray<string>): Promise<ReadonlyArray<StoredObject>> =>
  (await Promise.all(keys.map((key) => statFile(root, key)))).filter((object) => object !== undefined)

/** Returns the object of a key; undefined if there is no regular file. It may be deleted during a listing. */
export const statFile = async (root: string, key: string): Promise<StoredObject | undefined> => {
  try {
    const stats = await lstat(join(root, key))
    return stats.isFile() ? { key, bytes: stats.size, writtenAt: Math.floor(stats.mtimeMs) } : undefined
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(errno(cause))) return undefined
    throw cause
  }
}
