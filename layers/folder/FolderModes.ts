/** Modes of the files and folders of a lake in a folder: as `LAKE_UMASK` says, whatever the umask of the process is. */
import type { FileHandle } from "node:fs/promises"
import { chmod, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { errno } from "../node/FileFailures.ts"
import { makeFolders } from "./FolderMaking.ts"

/** Nothing for others; the group reads. */
export const defaultUmask = 0o027

/** File systems without modes: FAT, some network and FUSE mounts. A file of our own refuses for no other reason. */
const noModes = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"])

const whereThereAreModes = async (set: () => Promise<void>): Promise<void> => {
  try {
    await set()
  } catch (cause) {
    if (!noModes.has(errno(cause))) throw cause
  }
}

/** Of a file that this process has made. */
export const setFileMode = (file: FileHandle, umask: number): Promise<void> =>
  whereThereAreModes(() => file.chmod(0o666 & ~umask))

/** Makes the folder and those above it that are missing; returns the topmost that it made. Others keep their modes. */
export const makeFolder = async (folder: string, umask: number): Promise<string | undefined> => {
  const topmost = await makeFolders(folder)
  if (topmost === undefined) return undefined
  for (let path = folder; ; path = dirname(path)) {
    // The group of a folder may be handed down to what is made in it (setgid).
    await whereThereAreModes(async () => chmod(path, ((await stat(path)).mode & 0o7000) | (0o777 & ~umask)))
    if (path === topmost || path === dirname(path)) return topmost
  }
}
