/** Creates folders with their parents. */
import * as fs from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"

const isFolder = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )

/** True if the folder was created, false if it is there. */
const createOne = async (folder: string): Promise<boolean> => {
  try {
    await fs.mkdir(folder)
    return true
  } catch (cause) {
    if (await isFolder(folder)) return false
    throw cause
  }
}

/**
 * Creates the missing folders of the path. Returns the topmost one that it created. Does not use `mkdir` with `recursive`: on
 * a read-only file system Node fails with `ENOENT`, and on some it never ends.
 */
export const createFolders = async (folder: string): Promise<string | undefined> => {
  try {
    return (await createOne(folder)) ? folder : undefined
  } catch (cause) {
    const parent = dirname(folder)
    if (errno(cause) !== "ENOENT" || parent === folder) throw cause
    // The parent may be there by now: several datasets of a new lake create their folders at once.
    const topmostCreated = (await isFolder(parent)) ? undefined : await createFolders(parent)
    return (await createOne(folder)) ? (topmostCreated ?? folder) : topmostCreated
  }
}
