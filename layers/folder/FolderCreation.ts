/** Creates folders with their parents. */
import * as fs from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"

const isFolder = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )

/** Returns the folder if it did not exist. */
const createFolder = async (folder: string): Promise<string | undefined> => {
  try {
    await fs.mkdir(folder)
    return folder
  } catch (cause) {
    if (await isFolder(folder)) return undefined
    throw cause
  }
}

/**
 * Creates the missing folders of the path. Returns the topmost one that it created. Several calls may run at once. Does not
 * use `mkdir` with `recursive`: on a read-only file system Node fails with `ENOENT`, and on some it never ends.
 */
export const createFolders = async (folder: string): Promise<string | undefined> => {
  try {
    return await createFolder(folder)
  } catch (cause) {
    const parent = dirname(folder)
    if (errno(cause) !== "ENOENT" || parent === folder) throw cause
    const topmostCreated = (await isFolder(parent)) ? undefined : await createFolders(parent)
    // Another call can have created the parent meanwhile. If it did not, this fails with the same cause.
    return (await createFolder(folder)) === undefined ? topmostCreated : (topmostCreated ?? folder)
  }
}
