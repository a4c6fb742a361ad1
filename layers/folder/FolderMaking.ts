/** Folders, made with those above them. */
import * as fs from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"

const isFolder = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/**
 * Makes what is missing of the path, and returns the topmost folder that it made. Not `mkdir` with `recursive`: on a file
 * system that is read-only Node reports `ENOENT` from it, and on some it never ends.
 */
export const makeFolders = async (folder: string): Promise<string | undefined> => {
  try {
    await fs.mkdir(folder)
    return folder
  } catch (cause) {
    if (await isFolder(folder)) return undefined
    const parent = dirname(folder)
    if (errno(cause) !== "ENOENT" || parent === folder || (await isFolder(parent))) throw cause
    const topmostMade = await makeFolders(parent)
    return (await makeFolders(folder)) === undefined ? topmostMade : (topmostMade ?? folder)
  }
}
