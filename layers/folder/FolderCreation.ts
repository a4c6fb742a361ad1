/** Creates folders with their parents. */
import * as fs from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"

const isFolder = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )

/**
 * Creates the missing folders of the path. Returns the topmost one that it created. Does not use `mkdir` with `recursive`: on
 * a read-only file system Node fails with `ENOENT`, and on some it never ends.
 */
export const createFolders = async (folder: string): Promise<string | undefined> => {
  try {
    await fs.mkdir(folder)
    return folder
  } catch (cause) {
    if (await isFolder(folder)) return undefined
    const parent = dirname(folder)
    if (errno(cause) !== "ENOENT" || parent === folder || (await isFolder(parent))) throw cause
    const topmostCreated = await createFolders(parent)
    return (await createFolders(folder)) === undefined ? topmostCreated : (topmostCreated ?? folder)
  }
}
