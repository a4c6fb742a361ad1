/** Sets the modes of files and folders of a lake: by `LAKE_UMASK`, independent of the umask of the process. */
import type { FileHandle } from "node:fs/promises"
import { chmod, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"
import { createFolders } from "./FolderCreation.ts"

/** The group may read, others have no access. */
export const defaultUmask = 0o027

/** Errors of file systems without modes: FAT, some network and FUSE mounts. A file of our own fails for no other reason. */
const noModes = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"])

const whereThereAreModes = async (set: () => Promise<void>): Promise<void> => {
  try {
    await set()
  } catch (cause) {
    if (!noModes.has(errno(cause))) throw cause
  }
}

/** Sets the mode of a file that this process has created. */
export const setFileMode = (file: FileHandle, umask: number): Promise<void> =>
  whereThereAreModes(() => file.chmod(0o666 & ~umask))

/** Creates the folder and its missing parents. Returns the topmost one that it created. Existing folders keep their modes. */
export const createFolder = async (folder: string, umask: number): Promise<string | undefined> => {
  const topmost = await createFolders(folder)
  if (topmost === undefined) return undefined
  for (let path = folder; ; path = dirname(path)) {
    // Keeps setgid, with which a folder gives its group to new files.
    await whereThereAreModes(async () => chmod(path, ((await stat(path)).mode & 0o7000) | (0o777 & ~umask)))
    if (path === topmost || path === dirname(path)) return topmost
  }
}
